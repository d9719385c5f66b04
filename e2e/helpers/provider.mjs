import { once } from 'node:events'
import http from 'node:http'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'

/**
 * A real OpenID Connect provider (oidc-provider, certified) on this machine. It is at `localhost`, Parley is at 127.0.0.1: two sites to a browser, so
 * that what crosses between them is what crosses between any two sites. Whoever gives any password is who they say they are.
 */
export class IdentityProvider {
  static client = { id: 'parley', secret: randomBytes(24).toString('hex') }

  /** The groups of its people, by the name they sign in with. @type {Map<string, string[]>} */ groups = new Map()
  /** @type {Provider | undefined} */ #provider
  #server

  /** @param {http.Server} server */
  constructor(server) {
    this.#server = server
    server.on('request', (request, response) => {
      if (this.#provider) this.#provider.callback()(request, response)
      else response.writeHead(503).end()
    })
  }

  static async start() {
    const server = http.createServer()
    server.listen(0) // at every address that localhost may mean: at one of them alone the other could be somebody else's
    await once(server, 'listening')
    return new IdentityProvider(server)
  }

  get issuer() {
    const address = /** @type {import('node:net').AddressInfo} */ (this.#server.address())
    return `http://localhost:${address.port}`
  }

  /** What Parley has to be told of it. */
  get settings() {
    return {
      PARLEY_OIDC_PROVIDERS: 'corp',
      PARLEY_OIDC_CORP_NAME: 'The Company',
      PARLEY_OIDC_CORP_ISSUER: this.issuer,
      PARLEY_OIDC_CORP_CLIENT_ID: IdentityProvider.client.id,
      PARLEY_OIDC_CORP_CLIENT_SECRET: IdentityProvider.client.secret,
      PARLEY_OIDC_CORP_SCOPES: 'openid profile email groups',
    }
  }

  /** Registers a Parley, whose address is known only once it runs. @param {string} url */
  serve(url) {
    if (this.#provider) return
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { id, secret } = IdentityProvider.client
    this.#provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: id,
          client_secret: secret,
          redirect_uris: [`${url}/auth/oidc/corp/callback`],
          id_token_signed_response_alg: 'ES256',
        },
      ],
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      pkce: { required: () => true },
      claims: { profile: ['preferred_username', 'name'], email: ['email', 'email_verified'], groups: ['groups'] },
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({
          sub,
          preferred_username: sub,
          name: sub.replace(/^./, (first) => first.toUpperCase()),
          email: `${sub}@example.org`,
          email_verified: true,
          groups: this.groups.get(sub) ?? [],
        }),
      }),
    })
  }

  async stop() {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
