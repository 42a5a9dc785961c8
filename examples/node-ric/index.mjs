// Greets, and says which client of the Runtime API runs it.
import { readFileSync } from 'node:fs';

const ric = new URL('node_modules/aws-lambda-ric/package.json', import.meta.url);
const { name, version } = JSON.parse(readFileSync(ric, 'utf8'));

export const handler = async (event, context) => {
  console.log('greeting', event.name);
  const left = context.getRemainingTimeInMillis();
  return { message: `Hello, ${event.name}!`, client: `${name} ${version}`, left };
};
