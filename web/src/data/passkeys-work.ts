/** Whether this browser has passkeys for this page: an address without a name can have none, whatever the server offers elsewhere. */
export function passkeysWork(): boolean {
  return typeof PublicKeyCredential === 'function' && !/^[\d.]+$|:/.test(location.hostname)
}
