import { generateKeyPairSync, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import forge from "node-forge";

/** A certificate authority that lives as long as one test network. */
export interface TestAuthority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** A server certificate for host names and IP addresses, PEM, with the key it belongs to. */
  issue(names: readonly string[], validity?: "expired"): { readonly cert: string; readonly key: string };
}

/** Makes an authority with fresh keys. All its server certificates share one key, which saves time. */
export function createAuthority(name = "Test authority"): TestAuthority {
  const own = newKeys();
  const servers = newKeys();
  const subject = [{ name: "commonName", value: name }];
  const root = newCertificate(own.publicKey, subject, subject, 3650);
  root.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
  ]);
  root.sign(own.privateKey, forge.md.sha256.create());
  return {
    certificate: forge.pki.certificateToPem(root),
    issue: (names, validity) => {
      const [first = ""] = names;
      const cert = newCertificate(
        servers.publicKey,
        [{ name: "commonName", value: first }],
        subject,
        validity ? -1 : 365,
      );
      cert.setExtensions([
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, keyEncipherment: true },
        { name: "extKeyUsage", serverAuth: true },
        {
          name: "subjectAltName",
          altNames: names.map((each) => (isIP(each) ? { type: 7, ip: each } : { type: 2, value: each })),
        },
      ]);
      cert.sign(own.privateKey, forge.md.sha256.create());
      return { cert: forge.pki.certificateToPem(cert), key: servers.pem };
    },
  };
}

interface Keys {
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly pem: string;
}

/** node:crypto makes keys a hundred times faster than plain JavaScript does. */
function newKeys(): Keys {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  return { privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e), pem };
}

function newCertificate(
  publicKey: forge.pki.rsa.PublicKey,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  days: number,
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const day = 24 * 60 * 60 * 1000;
  certificate.publicKey = publicKey;
  // A serial number is positive, so its first bit is not set.
  certificate.serialNumber = `01${randomBytes(15).toString("hex")}`;
  certificate.validity.notBefore = new Date(Date.now() - 30 * day);
  certificate.validity.notAfter = new Date(Date.now() + days * day);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  return certificate;
}
