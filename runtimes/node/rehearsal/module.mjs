// As function.cjs, for those who write ES modules.
import path from 'node:path';

export async function handler(event, context) {
  const { words, ...others } = event;
  return { words: words.map((word) => path.join(word, '..')), others, id: context.awsRequestId };
}
