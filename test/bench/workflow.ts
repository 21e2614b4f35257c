/** A workflow for GitHub of about so many characters: jobs as people write them, every few of them with something to find. */
export function workflow(length: number): string {
  const head = "name: bench\non:\n  push:\n    branches: [main]\nenv:\n  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}\njobs:\n";
  let text = head;
  for (let index = 0; text.length < length; index++) text += job(index);
  return text;
}

function job(index: number): string {
  return `  build-${index}:
    name: Build ${index}
    runs-on: \${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        node: [20, 22]
    env:
      CI: "true"
      CACHE_KEY: build-\${{ runner.os }}-\${{ hashFiles('**/package-lock.json') }}
    steps:
      - uses: actions/checkout@${index % 3 === 0 ? "v4" : "8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v3.5.0"}
      - uses: actions/setup-node@60edb5dd545a775178f52524783378180af0d1f8 # v4.0.2
        with:
          node-version: \${{ matrix.node }}
          cache: npm
      - name: Install and test
        run: |
          set -euo pipefail
          npm ci --no-audit
          if [ "\${{ matrix.node }}" = "22" ]; then
            npm run lint -- --max-warnings 0
          fi
          npm test -- --reporter dot | tee test.log
          for file in dist/*.js; do
            sha256sum "$file" >> checksums.txt
          done
      - name: Upload coverage
        if: github.event_name == 'push'
        run: ${index % 4 === 0 ? "bash <(curl -s https://codecov.io/bash) -f coverage.json" : "npm run coverage -- --upload"}
        env:
          CODECOV_TOKEN: \${{ secrets.CODECOV_TOKEN }}
`;
}
