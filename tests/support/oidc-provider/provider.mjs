// An OpenID provider on panva's oidc-provider whose tokens look like those of Keycloak or of Entra ID.
//
// node provider.mjs PORT keycloak|entra LIFETIME: prints its issuer when it is ready. Public client `vecgate-cli`, confidential
// client `vecgate-secret`; accounts dana (data-science) and bob (sales), with any password. Access tokens are JWTs for the
// audience `vecgate`, for as long as LIFETIME says; refresh tokens are replaced at every use, and one used twice ends the grant.

import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { Provider } from 'oidc-provider';

const [port, shape, lifetime] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const tenant = '7a1f0c3e-6f0b-4c55-9f52-0f3a4f1f9a11';
const path = { keycloak: '/realms/acme', entra: `/${tenant}/v2.0` }[shape];
const issuer = `http://127.0.0.1:${port}${path}`;
const groups = { dana: ['data-science', 'eng'], bob: ['sales'] };
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

// What each product puts into an access token, after its own documentation.
const claims = {
  keycloak: (id, client) => ({
    typ: 'Bearer',
    azp: client,
    sid: 'd7a3f0f2-5a55-4a39-8f0e-a9f6c7a9d1c2',
    acr: '1',
    'allowed-origins': ['/*'],
    realm_access: { roles: ['offline_access', 'uma_authorization', ...groups[id]] },
    resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
    email_verified: true,
    name: `${id} of Acme`,
    preferred_username: id,
    email: `${id}@acme.example`,
  }),
  entra: (id, client) => ({
    ver: '2.0',
    tid: tenant,
    oid: `00000000-0000-0000-0000-0000000000${id === 'dana' ? '01' : '02'}`,
    azp: client,
    azpacr: '0',
    aio: 'AXQAi/8TAAAA',
    rh: '0.ARoA',
    uti: 'u2c4zY0',
    scp: 'access_as_user',
    roles: groups[id],
    name: `${id} of Acme`,
    preferred_username: `${id}@acme.example`,
  }),
}[shape];

const client = {
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
  redirect_uris: ['http://127.0.0.1/callback'],
};

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'vecgate-cli', token_endpoint_auth_method: 'none' },
    { ...client, client_id: 'vecgate-secret', client_secret: 'canary-client-secret-of-the-terminal' },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, name: id }) }),
  extraTokenClaims: async (ctx, token) => (token.accountId ? claims(token.accountId, token.clientId) : {}),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:vecgate',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: '',
        audience: 'vecgate',
        accessTokenFormat: 'jwt',
        accessTokenTTL: lifetime,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

const handle = provider.callback();
http.createServer((request, response) => {
  if (!request.url.startsWith(path)) {
    response.writeHead(404).end();
    return;
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(path.length);
  handle(request, response);
}).listen(port, '127.0.0.1', () => console.log(issuer));
