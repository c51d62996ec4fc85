// An OpenID provider on this machine, told what to do by lines on its standard input, each answered by
// a line of JSON on its standard output:
//
//   token CLIENT RESOURCE     a token that a client asks for in its own name
//   sign-in SUBJECT RESOURCE   a token of somebody who signs in with a browser
//   rotate KID                signs with a new key from now on, and publishes it alone
//
// The first line that it prints says its issuer.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const secret = randomBytes(32).toString('base64url');
const server = createServer((request, response) => answer(request, response));
let answer;
let issuer;

function key(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function serve(kid) {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'whs-backend',
        client_secret: secret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
      {
        client_id: 'web',
        client_secret: secret,
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [`${issuer}/callback`],
      },
    ],
    cookies: { keys: [secret] },
    jwks: { keys: [key(kid)] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_, token) =>
      token.accountId ? { o: { id: 'org_acme', rol: 'admin', slg: 'acme' } } : undefined,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'market',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  answer = provider.callback();
}

async function exchange(client, parameters) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` },
    body: new URLSearchParams(parameters),
  });
  const body = await response.json();
  if (!body.access_token) throw new Error(JSON.stringify(body));
  return { token: body.access_token, idToken: body.id_token };
}

// A browser, as far as signing in needs one.
async function signIn(subject, resource) {
  const cookies = new Map();
  async function visit(url, body) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(url, issuer), {
      method: body ? 'POST' : 'GET',
      body: body && new URLSearchParams(body),
      headers: { cookie },
      redirect: 'manual',
    });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      cookies.set(name, value);
    }
    return response.headers.get('location');
  }
  const verifier = randomBytes(32).toString('base64url');
  let url = `/auth?${new URLSearchParams({
    client_id: 'web',
    response_type: 'code',
    scope: 'openid market',
    redirect_uri: `${issuer}/callback`,
    resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })}`;
  for (const prompt of ['login', 'consent']) {
    const interaction = await visit(url);
    url = await visit(interaction, { prompt, login: subject, password: 'any' });
  }
  const callback = new URL(await visit(url), issuer);
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`no code: ${callback}`);
  return exchange('web', {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: `${issuer}/callback`,
    resource,
  });
}

async function obey(line) {
  const [command, ...words] = line.split(' ');
  switch (command) {
    case 'token':
      return exchange(words[0], {
        grant_type: 'client_credentials',
        scope: 'market',
        resource: words[1],
      });
    case 'sign-in':
      return signIn(words[0], words[1]);
    case 'rotate':
      serve(words[0]);
      return { rotated: true };
    default:
      throw new Error(`unknown command: ${command}`);
  }
}

server.listen(0, '127.0.0.1', async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  serve('first');
  console.log(JSON.stringify({ issuer }));
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify(await obey(line)));
    } catch (error) {
      console.log(JSON.stringify({ error: String(error) }));
    }
  }
  // Whoever started it is gone.
  process.exit(0);
});
