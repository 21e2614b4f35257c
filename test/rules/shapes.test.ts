import assert from "node:assert/strict";
import { analyze } from "../../server/core/analyze.ts";
import { EMPTY_CONTEXT } from "../../server/core/context.ts";
import { DEFAULT_SETTINGS } from "../../server/core/settings.ts";

// One row a shape: how a pipeline runs remote code, or only looks like it. Each is one step of a workflow; `silent` means that no rule
// about remote code says anything.

const U = "https://x.example/i.sh";
const H = "1321285df8c6fde9f8ecd6af356e50850bce1bde21ea906a2da75ff10414cbd7";
const COMMIT = "568a04821935cc92de7b4b05ea6fa9f6bf8a0592";

type Expected = "unpinned-remote-script" | "unverified-download" | "ineffective-verification" | "silent";

const STRAIGHT: readonly string[] = [
  `curl -fsSL ${U} | bash`,
  `curl -fsSL ${U} | sudo bash`,
  "curl -sL https://deb.x.example/setup_14.x | sudo -E bash -",
  "curl -sSf https://sh.x.example | sh -s -- -y",
  `wget -qO- ${U} | sh`,
  `curl -fsSL ${U} | zsh`,
  `curl -fsSL ${U} | dash`,
  "curl -sSL https://install.x.example | python3 -",
  "curl -sSL https://install.x.example | TOOL_VERSION=1.8 python3 -",
  "curl -L https://cpan.x.example | perl - App::cpanminus",
  "curl -fsSL https://x.example/i.js | node",
  `curl -fsSL ${U} | tee /tmp/i.sh | bash`,
  `curl -fsSL ${U}.gz | gunzip | bash`,
  `curl -fsSL ${U} \\\n  | bash`,
  `curl -fsSL ${U} | env X=1 bash`,
  `curl -fsSL ${U} |& bash`,
  `bash <(curl -s ${U})`,
  `bash < <(curl -s ${U})`,
  `sudo bash <(curl -s ${U})`,
  `bash -x <(curl -s ${U})`,
  `source <(curl -s ${U})`,
  `. <(curl -s ${U})`,
  '/bin/bash -c "$(curl -fsSL https://raw.githubusercontent.com/o/r/HEAD/install.sh)"',
  `sh -c "$(wget -qO- ${U})"`,
  `bash -c 'curl -s ${U} | sh'`,
  `eval "$(curl -fsSL ${U})"`,
  `eval \`curl -s ${U}\``,
  `X=$(curl -s ${U})\neval "$X"`,
  `bash <<< "$(curl -s ${U})"`,
  `fetch -o - ${U} | sh`,
  "echo aGk= | base64 -d | bash",
  `python3 -c "import urllib.request as u;exec(u.urlopen('https://x.example/i.py').read())"`,
  "deno run -A https://x.example/m.ts",
  // Beyond the shapes that others were measured on.
  `curl -fsSL ${U} | sudo -u nobody -H bash -s -- --yes`,
  `curl -fsSL ${U} | timeout 60 nice -n 5 bash`,
  `time curl -fsSL ${U} | command bash`,
  `(curl -fsSL ${U} || wget -qO- ${U}) | sh`,
  `{ curl -fsSL ${U}; echo done; } | bash`,
  `if ! curl -sSf ${U} | bash; then echo no; fi`,
  `command -v tool || curl -sSL ${U} | bash`,
  `for i in 1 2; do curl -sSL ${U} | bash -s $i; done`,
  `install() { curl -sSL "$1" | bash; }\ninstall ${U}`,
  `CMD="curl -sL ${U}"\n$CMD | sh`,
  `URL=${U}\ncurl -sL "$URL" | sh`,
  `cu'r'l -s ${U} | b"a"sh`,
  `curl -s ${U} | xargs -0 bash -c`,
  `curl -s ${U} | ssh host bash -s`,
  `ssh host "curl -s ${U} | bash"`,
  `docker run --rm alpine sh -c "wget -qO- ${U} | sh"`,
  `curl -sSL ${U} | docker exec -i box bash -s -- x`,
  `su - app -c "curl -s ${U} | bash"`,
  `bash -s <<EOF\ncurl -s ${U} | bash\nEOF`,
  `source /dev/stdin <<< "$(curl -s ${U})"`,
  `python3 -c "$(curl -fsSL https://x.example/i.py)"`,
  `ruby -e "$(curl -fsSL https://x.example/i.rb)"`,
  `curl -s ${U} | sed 's/a/b/' | bash`,
  `curl -s ${U} | while read -r line; do eval "$line"; done`,
  `http ${U} | bash`,
  `lynx -source ${U} | sh`,
  `curl -s ${U} | busybox sh`,
  `curl -s ${U} | /usr/bin/env -i bash`,
  `curl -s ${U} | make -f -`,
  `curl -s ${U} | . /dev/stdin`,
  `true && X=1 && curl -s ${U} | bash || true`,
  `echo "$(curl -s ${U})" | bash`,
  `curl -s ${U} > >(bash)`,
  `bash -c "curl -sL \\"$URL\\" | bash"`,
  "gsutil cat gs://bucket/i.sh | bash",
  "aws s3 cp s3://bucket/i.sh - | bash",
  'gh api repos/o/r/contents/i.sh -H "Accept: application/vnd.github.raw" | sh',
  'bash -c "$(gh api repos/o/r/contents/i.sh --jq .content)"',
  `curl -s ${U} | xargs -I{} sh -c '{}'`,
  `curl -s ${U} | at now`,
  `mapfile -t LINES < <(curl -s ${U}); eval "\${LINES[@]}"`,
];

const STORED: readonly string[] = [
  `curl -fsSL ${U} -o i.sh && bash i.sh`,
  `curl -fsSL ${U} -o i.sh\nbash i.sh`,
  "curl -LO https://x.example/tool\nchmod +x tool\n./tool --version",
  `curl -fsSL ${U} > i.sh\nbash i.sh`,
  `wget ${U}\nsh ./i.sh`,
  "wget https://x.example/tool -O /tmp/tool && /tmp/tool",
  "curl -Os https://uploader.x.example/latest/linux/uploader\nchmod +x uploader\n./uploader -t $TOKEN",
  "curl -sL https://x.example/t.tgz | tar xz && ./t/bin/run",
  "git clone https://github.com/x/y && cd y && ./install.sh",
  // Beyond.
  "curl -sSLo /usr/local/bin/tool https://x.example/tool && chmod +x /usr/local/bin/tool\ntool --version",
  "wget -q https://x.example/tool.deb && sudo dpkg -i tool.deb",
  "curl -LO https://x.example/tool.rpm; rpm -i ./tool.rpm",
  "curl -sO https://x.example/p.whl && pip install ./p.whl",
  "wget -qP /opt https://x.example/run.sh\ncd /opt && sh run.sh",
  `T=$(mktemp)\ncurl -sSL -o "$T" ${U}\nbash "$T"`,
  `curl -s ${U} | tee run.sh\nchmod 755 run.sh\n./run.sh`,
  `curl -s ${U} | sudo tee /usr/local/bin/tool > /dev/null\nsudo chmod +x /usr/local/bin/tool\ntool`,
  `curl -so a.sh ${U}\nmv a.sh b.sh\nbash b.sh`,
  "curl -so tool https://x.example/tool\ninstall -m 755 tool /usr/local/bin/\ntool run",
  `curl -so i.sh ${U}\nsource i.sh`,
  `curl -so i.sh ${U}\n. ./i.sh`,
  "curl -sLo x.zip https://x.example/x.zip\nunzip -d x x.zip\n./x/bin/go",
  "wget -q https://x.example/tool-1.2.tar.gz\ntar -xzf tool-1.2.tar.gz\ncd tool-1.2 && ./configure && make",
  "curl -sL https://x.example/t.tar.gz | tar -xz -C /usr/local/bin tool\ntool",
  "curl -sL https://x.example/t.tar.gz | tar -xzC /opt/t\nexport PATH=/opt/t:$PATH\nt version",
  `curl -so i.sh ${U}\nfind . -name i.sh -exec bash {} \\;\nbash i.sh`,
  `wget ${U}; bash *.sh`,
  `for u in ${U}; do curl -sO "$u"; done\nbash i.sh`,
  `get() { curl -sSL -o "$2" "$1"; }\nget ${U} i.sh\nbash i.sh`,
  `[ -f i.sh ] || curl -so i.sh ${U}\nbash i.sh`,
  "curl -sO https://x.example/i.py && python3 i.py --yes",
  `php -r "copy('https://x.example/installer', 'setup.php');"\nphp setup.php`,
  "aria2c -o i.sh https://x.example/i.sh && bash i.sh",
  `curl -so dir/i.sh --create-dirs ${U} && (cd dir && bash ./i.sh)`,
  "git clone --depth 1 -b v1.0 https://github.com/x/y tools\nbash tools/run.sh",
  `curl -s ${U} -o i.sh; nohup bash i.sh &`,
  // Object stores and releases.
  "gsutil -m cp gs://bucket/i.sh .\nbash i.sh",
  "gsutil rsync -r gs://bucket/tools tools\n./tools/run",
  "gcloud storage cp gs://bucket/i.sh i.sh && bash i.sh",
  "aws s3 cp s3://bucket/i.sh .\nbash i.sh",
  "aws --region eu-west-1 s3 cp --recursive s3://bucket/tools /opt/tools\n/opt/tools/run",
  "aws s3 sync s3://bucket/tools tools --exclude '*.md'\n./tools/run",
  "aws s3api get-object --bucket b --key k run.sh\nsh run.sh",
  "az storage blob download -c tools -n run.sh -f run.sh --account-name a\nbash run.sh",
  "az storage blob download-batch -s tools -d tools\n./tools/run",
  "azcopy copy 'https://a.blob.core.windows.net/c/run.sh' run.sh\nbash run.sh",
  "rclone copyto store:tools/run.sh run.sh\nbash run.sh",
  "gh release download v1 -R o/r -p tool\nchmod +x tool\n./tool",
  "gh release download --repo o/r --pattern '*linux*' --dir bin\n./bin/tool",
  "gh repo clone o/r tools\n./tools/run.sh",
  // Code that is loaded, and programs of other machines.
  "curl -sLO https://x.example/tool.jar\njava -Xmx1g -jar tool.jar",
  "curl -sLO https://x.example/lib.jar\njava -cp out:lib.jar Main",
  "curl -sLO https://x.example/agent.jar\njava -javaagent:agent.jar=x=y -jar own.jar",
  "curl -sLO https://x.example/agent.jar\nexport JAVA_TOOL_OPTIONS=-javaagent:agent.jar",
  "curl -sLO https://x.example/lib.so\nLD_PRELOAD=./lib.so make",
  "curl -sLO https://x.example/lib.so\nexport LD_PRELOAD=$PWD/lib.so\n./own",
  "curl -sLO https://x.example/lib.so\nenv LD_PRELOAD=lib.so ./own",
  "curl -sLO https://x.example/hook.js\nnode --require ./hook.js main.js",
  "curl -sLO https://x.example/hook.js\nNODE_OPTIONS='--require ./hook.js' npm test",
  "curl -sLO https://x.example/hook.rb\nruby -r./hook.rb main.rb",
  "curl -sLO https://x.example/tool.dll\ndotnet tool.dll --x",
  "curl -sLO https://x.example/tool.wasm\nwasmtime tool.wasm",
  "curl -sLO https://x.example/init.gradle\n./gradlew -I init.gradle build",
  "curl -sLO https://x.example/play.yml\nansible-playbook -i hosts play.yml",
  "curl -sLO https://x.example/driver.ko\nsudo insmod driver.ko",
  "curl -sL https://x.example/m -o Makefile\nmake",
  "curl -sL https://x.example/p -o package.json\nnpm install",
];

const CHECKED_IN_VAIN: readonly string[] = [
  `curl -so i.sh ${U}\necho "${H}  i.sh" | sha256sum -c - || true\nbash i.sh`,
  `curl -so i.sh ${U}\nsha256sum i.sh\nbash i.sh`,
  `curl -so i.sh ${U}\ncurl -s ${U}.sha256 | sha256sum -c -\nbash i.sh`,
];

const HARMLESS: readonly string[] = [
  `curl -fsSL https://raw.githubusercontent.com/o/r/${COMMIT}/i.sh | bash`,
  `curl -s ${U} -o i.sh\necho "${H}  i.sh" | sha256sum -c -\nbash i.sh`,
  `curl -s https://api.x.example/latest | python3 -c "import json,sys;print(json.load(sys.stdin)['tag_name'])"`,
  "curl -s https://x.example/a.json | jq -r .v",
  `echo "Run: curl ${U} | bash"`,
  "curl -s http://127.0.0.1:8080/x | python3 -m json.tool",
  // Beyond.
  "curl -s localhost:9200/_cat | sh",
  "curl -fsSL https://x.example/data.csv -o data.csv && python3 analyse.py data.csv",
  `VERSION=$(curl -s https://api.x.example/latest | jq -r .tag_name)\neval "echo $VERSION"`,
  "curl -s https://x.example | grep -q ok && ./deploy.sh",
  "curl -sf https://x.example/health || bash scripts/restart.sh",
  `# curl ${U} | bash`,
  `cat <<'EOF'\ncurl ${U} | bash\nEOF`,
  `printf '%s\\n' "curl ${U} | bash" >> README.md`,
  "curl -s https://x.example/list.txt | xargs -n1 echo",
  "curl -s https://x.example/key.asc | sudo apt-key add -",
  "curl -s https://x.example/dump.sql | psql",
  "cat local.sh | bash",
  "bash ./ci/build.sh",
  "echo 'echo hi' | sh",
  "curl -X POST -d @report.json https://x.example/upload",
  "curl -so report.html https://x.example/report && open report.html",
  `git clone https://github.com/x/y r\ngit -C r checkout -q ${COMMIT}\nbash r/run.sh`,
  "git clone https://github.com/x/y docs\ncat docs/README.md",
  "wget -q --spider https://x.example/i.sh && bash i.sh",
  "curl -sI https://x.example/i.sh | head -1",
  "node -e 'console.log(1)' < data.json",
  "curl -s https://x.example/a.json | node -e 'process.stdin.pipe(process.stdout)'",
  "curl -s https://x.example/a.json | perl -ne 'print if /x/'",
  "curl -s https://x.example/a.json | ruby -rjson -e 'puts JSON.parse(STDIN.read)'",
  `export INSTALL="curl ${U} | bash"`,
  'echo "$SECRET" | base64 -d > key.json && gcloud auth activate-service-account --key-file key.json',
  "curl -sL https://x.example/t.tgz | tar xz && ls t",
  "docker run --rm -i alpine sh -c 'cat' < file",
  "aws s3 cp report.html s3://bucket/report.html\nbash ci/report.sh",
  "aws s3 cp s3://bucket/data.json . && jq . data.json",
  "gsutil cp dist/tool gs://bucket/tool && ./dist/tool",
  "gh release download -p tool\nchmod +x tool\n./tool",
  'gh release download -R "$GITHUB_REPOSITORY" -p tool\nchmod +x tool\n./tool',
  "gh api repos/o/r/releases/latest --jq .tag_name",
  `gh api "repos/o/r/contents/i.sh?ref=${COMMIT}" | bash`,
  "az storage blob upload -c c -n run.sh -f run.sh\nbash run.sh",
  "curl -sLO https://x.example/data.csv\njava -jar own.jar data.csv",
  "curl -sLO https://x.example/data.json\nnode -r ./own.js main.js data.json",
  "curl -sLO https://x.example/data.json\nDATA=./data.json ./own",
  "curl -sLO https://x.example/list.txt\nxargs -I{} echo {} < list.txt",
  "dotnet build\njava -version",
];

const P = "https://x.example/i.ps1";

const POWERSHELL_STRAIGHT: readonly string[] = [
  `iwr -useb ${P} | iex`,
  "irm https://get.x.example | iex",
  `iex ((New-Object System.Net.WebClient).DownloadString('${P}'))`,
  `Invoke-Expression (Invoke-WebRequest ${P}).Content`,
  `iex (irm ${P})`,
  `& ([scriptblock]::Create((irm ${P}))) -Arg`,
  `iex "& { $(irm ${P}) } -Arg"`,
  `$s = irm ${P}\n$s | iex`,
  `$code = (New-Object Net.WebClient).DownloadString("${P}"); Invoke-Expression $code`,
  `powershell -Command "irm ${P} | iex"`,
  `try { irm ${P} | iex } catch { Write-Host 'no' }`,
  `if ($env:CI) { irm ${P} | iex }`,
  `$r = Invoke-WebRequest -UseBasicParsing -Uri ${P}; iex $r.Content`,
  `$p = @{ Uri = '${P}' }\nInvoke-RestMethod @p | Invoke-Expression`,
  `Set-ExecutionPolicy Bypass -Scope Process -Force; iex ((New-Object System.Net.WebClient).DownloadString('${P}'))`,
];

const POWERSHELL_STORED: readonly string[] = [
  `Invoke-WebRequest ${P} -OutFile i.ps1\n./i.ps1`,
  `iwr ${P} -OutFile i.ps1; & .\\i.ps1 -Yes`,
  `(New-Object Net.WebClient).DownloadFile('https://x.example/s.exe', 's.exe'); Start-Process s.exe -Wait`,
  "Start-BitsTransfer https://x.example/s.exe s.exe\n.\\s.exe /S",
  "curl.exe -LO https://x.example/tool.exe; .\\tool.exe",
  "iwr https://x.example/x.msi -OutFile x.msi; msiexec /i x.msi /qn",
  "iwr https://x.example/x.zip -OutFile x.zip; Expand-Archive x.zip -DestinationPath x; .\\x\\bin\\go.exe",
  `irm ${P} -OutFile i.ps1; . .\\i.ps1`,
];

const POWERSHELL_HARMLESS: readonly string[] = [
  "irm https://api.x.example/latest | ConvertTo-Json",
  "(irm https://api.x.example/latest).tag_name",
  `Write-Host "irm ${P} | iex"`,
  "iwr https://x.example/data.csv -OutFile data.csv; Import-Csv data.csv",
  "irm http://localhost:8080/x | iex",
  `Invoke-WebRequest ${P} -OutFile i.ps1\nif ((Get-FileHash i.ps1).Hash -ne '${H}') { exit 1 }\n./i.ps1`,
  `iwr ${P} -OutFile i.ps1\n$h = Get-FileHash -Algorithm SHA256 .\\i.ps1\nif ($h.Hash -ne '${H}') { throw 'bad hash' }\n.\\i.ps1`,
];

const POWERSHELL_IN_VAIN: readonly string[] = [
  `iwr ${P} -OutFile i.ps1\nGet-FileHash .\\i.ps1\n.\\i.ps1`,
  `iwr ${P} -OutFile i.ps1\n(Get-FileHash .\\i.ps1).Hash -eq '${H}'\n.\\i.ps1`,
  `iwr ${P} -OutFile i.ps1\nif ((Get-FileHash .\\i.ps1).Hash -ne '${H}') { Write-Error 'bad hash' }\n.\\i.ps1`,
];

const CMD_STORED: readonly string[] = [
  "curl -o x.bat https://x.example/x.bat && x.bat",
  "curl -o x.bat https://x.example/x.bat\ncall x.bat",
  "certutil -urlcache -split -f https://x.example/s.exe s.exe\ns.exe /S",
  "bitsadmin /transfer j https://x.example/s.exe %CD%\\s.exe\nstart /wait s.exe",
  "curl -LO https://x.example/x.msi & msiexec /i x.msi /qn",
  'powershell -Command "Invoke-WebRequest https://x.example/s.exe -OutFile s.exe"\ns.exe',
];

const CMD_HARMLESS: readonly string[] = [
  "curl -o data.json https://x.example/data.json && type data.json",
  "echo curl -o x.bat https://x.example/x.bat ^&^& x.bat",
  `curl -fo x.bat https://x.example/x.bat\ncertutil -hashfile x.bat SHA256 | findstr /i /x /c:"${H}" >nul || exit /b 1\nx.bat`,
];

/** What is fetched by name: quieter, and rules of its own. */
const NAMED: readonly (readonly [script: string, rule: string])[] = [
  ["npx some-cli", "unpinned-package"],
  ["go run github.com/x/y@latest", "unpinned-package"],
  ["pip install git+https://github.com/x/y@main", "unpinned-package"],
  ["docker run --rm x/y:latest", "unpinned-image"],
];

describe("shapes of remote code", () => {
  rows("straight into an interpreter", STRAIGHT, "unpinned-remote-script");
  rows("stored, then run", STORED, "unverified-download");
  rows("checked in vain", CHECKED_IN_VAIN, "ineffective-verification");
  rows("harmless", HARMLESS, "silent");
  rows("PowerShell, straight", POWERSHELL_STRAIGHT, "unpinned-remote-script", "pwsh");
  rows("PowerShell, stored, then run", POWERSHELL_STORED, "unverified-download", "pwsh");
  rows("PowerShell, checked in vain", POWERSHELL_IN_VAIN, "ineffective-verification", "pwsh");
  rows("PowerShell, harmless", POWERSHELL_HARMLESS, "silent", "pwsh");
  rows("cmd, stored, then run", CMD_STORED, "unverified-download", "cmd");
  rows(
    "cmd, checked in vain",
    [`curl -o x.bat https://x.example/x.bat\ncertutil -hashfile x.bat SHA256 | findstr ${H}\nx.bat`],
    "ineffective-verification",
    "cmd",
  );
  rows("cmd, harmless", CMD_HARMLESS, "silent", "cmd");
  rows(
    "PowerShell from bash",
    [`pwsh -c "irm ${P} | iex"`, `powershell -Command 'iwr ${P} | iex'`],
    "unpinned-remote-script",
  );
  describe("fetched by name", () => {
    for (const [script, rule] of NAMED) it(script, () => assert.ok(idsFor(script, "bash").includes(rule)));
  });
});

function rows(title: string, scripts: readonly string[], expected: Expected, shell = "bash"): void {
  describe(title, () => {
    for (const script of scripts) {
      it(script.replaceAll("\n", " ⏎ "), () => {
        assert.deepEqual(rulesFor(script, shell), expected === "silent" ? [] : [expected]);
      });
    }
  });
}

const REMOTE = new Set(["unpinned-remote-script", "unverified-download", "ineffective-verification"]);

function rulesFor(script: string, shell: string): readonly string[] {
  return idsFor(script, shell).filter((id) => REMOTE.has(id));
}

function idsFor(script: string, shell: string): readonly string[] {
  const run = script.replaceAll("\n", "\n          ");
  const text = `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - shell: ${shell}\n        run: |\n          ${run}\n`;
  const { findings } = analyze({ path: ".github/workflows/ci.yml", text }, EMPTY_CONTEXT, DEFAULT_SETTINGS);
  return [...new Set(findings.map((finding) => finding.rule.id))];
}
