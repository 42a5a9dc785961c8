// @aws-sdk/client-lambda through the whole life of a function. test_clients.py runs it with the
// endpoint, the folder of the package and two zips; it prints one JSON object with what it saw.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [endpoint, modules, zipFile, secondZipFile] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'index.js'));
const sdk = require('@aws-sdk/client-lambda');

const client = new sdk.LambdaClient({ endpoint, region: 'us-east-1', maxAttempts: 1 });
const send = (name, input) => client.send(new sdk[name + 'Command'](input));
const text = (payload) => Buffer.from(payload).toString();
const FunctionName = 'js-client';
const waiting = { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
const seen = {};

const made = await send('CreateFunction', {
  FunctionName, Runtime: 'python3.11', Handler: 'app.handler', Role: process.env.ROLE,
  Code: { ZipFile: readFileSync(zipFile) }, Tags: { 'a b': 'c/d+e' },
});
seen.created = made.State;
seen.active = (await sdk.waitUntilFunctionActiveV2(waiting, { FunctionName })).state;
const first = await send('Invoke', {
  FunctionName, Payload: JSON.stringify({ n: 1 }), LogType: 'Tail',
  ClientContext: Buffer.from('{"custom":{"k":"v"}}').toString('base64'),
});
seen.invoked = JSON.parse(text(first.Payload));
seen.log = Buffer.from(first.LogResult, 'base64').toString();
seen.dryRun = (await send('Invoke', { FunctionName, InvocationType: 'DryRun' })).StatusCode;
await send('UpdateFunctionCode', { FunctionName, ZipFile: readFileSync(secondZipFile) });
seen.updated = (await sdk.waitUntilFunctionUpdatedV2(waiting, { FunctionName })).state;
await send('UpdateFunctionConfiguration', {
  FunctionName, Timeout: 9, Environment: { Variables: { KEY: 'ünï' } },
});
const arn = made.FunctionArn;
seen.second = JSON.parse(text((await send('Invoke', { FunctionName: arn })).Payload));
await send('TagResource', { Resource: arn, Tags: { x: 'y' } });
await send('UntagResource', { Resource: arn, TagKeys: ['a b'] });
seen.tags = (await send('ListTags', { Resource: arn })).Tags;
seen.listed = [];
for await (const page of sdk.paginateListFunctions({ client, pageSize: 1 }, {})) {
  seen.listed.push(...page.Functions.map((one) => one.FunctionName));
}
const stale = await send('UpdateFunctionConfiguration', { FunctionName, RevisionId: 'stale' })
  .catch((error) => error);
seen.stale = [stale.name, stale.$metadata.httpStatusCode];
await send('DeleteFunction', { FunctionName });
const gone = await send('GetFunction', { FunctionName }).catch((error) => error);
seen.gone = [gone.name, gone.$metadata.httpStatusCode, gone.message];
console.log(JSON.stringify(seen));
