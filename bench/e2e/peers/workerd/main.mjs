// The function of index.js as a worker: the body is its event, the answer is what it returns.
import lambda from 'index';

export default {
  fetch: async (request) => Response.json(await lambda.handler(await request.json())),
};
