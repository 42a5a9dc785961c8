// Answers with the digest of the event's text. An ES module with top-level await.
const { createHash } = await import('node:crypto');

const ALGORITHM = process.env.ALGORITHM ?? 'sha256';

export const handler = async ({ text = '' }) => ({
  algorithm: ALGORITHM,
  digest: createHash(ALGORITHM).update(text).digest('hex'),
});
