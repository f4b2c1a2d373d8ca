// Prints what the official AsyncAPI parser says about the document that is named, as a JSON list.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

// The packages are in the working directory, not beside this file.
const { Parser } = createRequire(`${process.cwd()}/`)('@asyncapi/parser');
const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], 'utf8'));
const severities = ['error', 'warning', 'information', 'hint'];
console.log(JSON.stringify({
  diagnostics: diagnostics.map(({ severity, code, path, message }) =>
    ({ severity: severities[severity], code, path: path.join('/'), message })),
  channels: document?.allChannels().all().map((channel) => channel.address()) ?? [],
  operations: document?.allOperations().all().map((operation) => `${operation.action()} ${operation.id()}`) ?? [],
  messages: document?.allMessages().all().map((message) => ({
    name: message.name(), requires: message.headers().json().required, type: message.headers().json().properties['ce-type'].const,
  })) ?? [],
}));
