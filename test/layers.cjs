// Which part may know which. Each rule says why, to the person whose import it refuses.
/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two files that need each other are one file, or have a third one in common.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "core-is-pure",
      comment:
        "The core turns text into findings. It reads no file, no socket and no clock, so it imports only itself, yaml and unbash.",
      severity: "error",
      from: { path: "^server/core/" },
      to: { pathNot: ["^server/core/", "^node_modules/(yaml|unbash)/"] },
    },
    {
      name: "one-file-knows-yaml",
      comment: "Everything else reads YAML through the total accessors of core/yaml.ts, which never throw.",
      severity: "error",
      from: { path: "^server/", pathNot: "^server/core/yaml\\.ts$" },
      to: { path: "^node_modules/yaml/" },
    },
    {
      name: "one-file-knows-unbash",
      comment: "The shell parser may have to be replaced: only its adapter knows it.",
      severity: "error",
      from: { path: "^server/", pathNot: "^server/core/shell/bash\\.ts$" },
      to: { path: "^node_modules/unbash/" },
    },
    {
      name: "rules-know-no-rule",
      comment: "A rule is one file that can be read, tested and removed alone.",
      severity: "error",
      from: { path: "^server/core/rules/(?!index\\.ts)" },
      to: { path: "^server/core/rules/" },
    },
    {
      name: "rules-see-the-model",
      comment: "A rule that looked at YAML or at a CI system would hold for that system alone.",
      severity: "error",
      from: { path: "^server/core/rules/(?!index\\.ts)" },
      to: { path: "^server/core/(systems/|yaml\\.ts|analyze\\.ts)" },
    },
    {
      name: "systems-know-no-rule",
      comment: "A system says what a file means, not what is wrong with it.",
      severity: "error",
      from: { path: "^server/core/systems/" },
      to: { path: "^server/core/(rules/|rule\\.ts)" },
    },
    {
      name: "systems-know-no-system",
      comment: "What systems share stands in systems/reading*.ts, so that each of them stays one file.",
      severity: "error",
      from: { path: "^server/core/systems/(?!index\\.ts)" },
      to: { path: "^server/core/systems/(?!reading[-\\w]*\\.ts|system\\.ts)" },
    },
    {
      name: "core-has-one-door",
      comment: "Outsiders import server/core/index.ts, so that the inside can change.",
      severity: "error",
      from: { path: "^(server|client|scripts)/", pathNot: "^(server/core/|scripts/(fuzz|docs))" },
      to: { path: "^server/core/", pathNot: "^server/core/index\\.ts$" },
    },
    {
      name: "pins-are-for-every-shell",
      comment:
        "Pinning everything and verifying is the same work in the editor and on the command line: it knows the core and the resolver's interface, no protocol and no file.",
      severity: "error",
      from: { path: "^server/pins/" },
      to: { pathNot: "^server/(pins/|core/index\\.ts$|resolvers/resolver\\.ts$)" },
    },
    {
      name: "drills-are-for-every-shell",
      comment:
        "A breach drill is the same work in the editor and on the command line: it knows the core and a refusal, no protocol and no file.",
      severity: "error",
      from: { path: "^server/breach/" },
      to: { pathNot: "^server/(breach/|core/index\\.ts$|resolvers/resolver\\.ts$)" },
    },
    {
      name: "baselines-are-for-every-shell",
      comment:
        "What is accepted must be the same in the editor and on the command line: it knows the core alone, and no file.",
      severity: "error",
      from: { path: "^server/baseline/" },
      to: { pathNot: "^(server/(baseline/|core/index\\.ts$)|(node:)?crypto$)" },
    },
    {
      name: "lsp-does-no-io",
      comment: "The protocol layer is handed files and a resolver by main.node.ts; it opens nothing itself.",
      severity: "error",
      from: { path: "^server/lsp/" },
      to: {
        path: "^(server/(workspace|resolvers/(?!resolver\\.ts)|cli)/|(node:)?(fs|net|http|https|tls|child_process|dns|worker_threads)(/|$))",
      },
    },
    {
      name: "only-resolvers-reach-the-network",
      comment: "There is one door to the network, and only a person's act opens it.",
      severity: "error",
      from: { path: "^server/", pathNot: "^server/resolvers/" },
      to: { path: "^(node:)?(net|http|https|http2|tls|dgram|dns)(/|$)" },
    },
    {
      name: "client-and-server-are-strangers",
      comment: "They talk by the protocol alone.",
      severity: "error",
      from: { path: "^client/" },
      to: { path: "^server/" },
    },
    {
      name: "server-and-client-are-strangers",
      comment: "They talk by the protocol alone.",
      severity: "error",
      from: { path: "^server/" },
      to: { path: "^(client/|node_modules/vscode-languageclient/)" },
    },
    {
      name: "nothing-ships-tests",
      comment: "What runs at a user's place must not depend on tests, scripts or samples.",
      severity: "error",
      from: { path: "^(server|client)/" },
      to: { path: "^(test|scripts|samples)/" },
    },
    {
      name: "no-dev-dependencies-in-the-product",
      comment: "A development dependency is not there at a user's place.",
      severity: "error",
      from: { path: "^(server|client)/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-unknown", "npm-no-pkg"],
        dependencyTypesNot: ["type-only"],
        pathNot: "^node_modules/(@types|vscode)/",
      },
    },
    {
      name: "resolvable",
      comment: "The file does not exist.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^vscode$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json"],
      conditionNames: ["import", "node", "default"],
      exportsFields: ["exports"],
    },
  },
};
