import type { components } from './api.gen'

export type PasskeyChallenge = components['schemas']['PasskeyChallenge']

interface Descriptor {
  id: string
  type: 'public-key'
  transports?: AuthenticatorTransport[]
}

type RequestJson = Omit<PublicKeyCredentialRequestOptions, 'challenge' | 'allowCredentials'> & {
  challenge: string
  allowCredentials?: Descriptor[]
}

type CreationJson = Omit<PublicKeyCredentialCreationOptions, 'challenge' | 'user' | 'excludeCredentials'> & {
  challenge: string
  user: { id: string; name: string; displayName: string }
  excludeCredentials?: Descriptor[]
}

/** The person changed their mind, or nothing was there to answer; browsers do not tell which. */
export class PasskeyCancelled extends Error {}

/** The authenticator that was asked has a passkey of this account already. */
export class PasskeyKnown extends Error {}

export async function getPasskey(options: unknown): Promise<unknown> {
  const json = options as RequestJson
  const publicKey = { ...json, challenge: bytes(json.challenge), allowCredentials: json.allowCredentials?.map(descriptor) }
  const credential = await asked(navigator.credentials.get({ publicKey }))
  const response = credential.response as AuthenticatorAssertionResponse
  return answer(credential, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle ? text(response.userHandle) : undefined,
  })
}

export async function createPasskey(options: unknown): Promise<unknown> {
  const json = options as CreationJson
  const publicKey = {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: json.excludeCredentials?.map(descriptor),
  }
  const credential = await asked(navigator.credentials.create({ publicKey }))
  const response = credential.response as AuthenticatorAttestationResponse
  return answer(credential, {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  })
}

async function asked(question: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await question
    if (credential) return credential as PublicKeyCredential
  } catch (error) {
    if (error instanceof DOMException && error.name === 'InvalidStateError') throw new PasskeyKnown()
    if (!(error instanceof DOMException)) throw error
  }
  throw new PasskeyCancelled()
}

/** As PublicKeyCredential.toJSON writes it, which not every browser has yet. */
function answer(credential: PublicKeyCredential, response: object) {
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  }
}

const descriptor = (known: Descriptor) => ({ ...known, id: bytes(known.id) })

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
}

function text(buffer: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
