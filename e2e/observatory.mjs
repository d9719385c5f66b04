// Has an independent judge look at what browsers are told: MDN's HTTP Observatory scans a server in production behind TLS, as it would scan a
// site on the internet. `npm --prefix e2e run observatory` prints its verdict and fails below A+.
//
// The judge is fetched when this runs, and not kept among the dependencies: it brings two hundred packages that nothing else needs.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const judge = '@mdn/mdn-http-observatory@1.4.8'
const binary = process.env.PARLEY_BINARY ?? fileURLToPath(new URL('../bin/parley', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'parley-observatory-'))
const inFolder = (/** @type {string} */ name) => path.join(folder, name)

/** One port for both schemes, told apart by the first byte, because the judge asks for one host name in both. @param {{ to: number }} upstream */
async function front(upstream) {
  const pass = (/** @type {http.IncomingMessage} */ request, /** @type {http.ServerResponse} */ response) => {
    const { method, url, headers } = request
    const onward = http.request({ host: '127.0.0.1', port: upstream.to, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  }
  const secure = https.createServer({ key: readFileSync(inFolder('key.pem')), cert: readFileSync(inFolder('cert.pem')) }, pass)
  const plain = http.createServer((request, response) => {
    response.writeHead(301, { Location: `https://${request.headers.host}${request.url}` }).end()
  })
  const server = net.createServer((socket) => {
    socket.once('readable', () => {
      const first = socket.read(1)
      if (first === null) return socket.destroy()
      socket.unshift(first)
      const tls = 0x16
      ;(first[0] === tls ? secure : plain).emit('connection', socket)
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: /** @type {net.AddressInfo} */ (server.address()).port }
}

/** @param {number} port of the front */
async function startParley(port) {
  const seed = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  const env = {
    PATH: process.env.PATH, PARLEY_ENV: 'production', PARLEY_HTTP_ADDR: '127.0.0.1:0', PARLEY_OPS_ADDR: 'off', PARLEY_DATA_DIR: folder,
    PARLEY_PUBLIC_URL: `https://localhost:${port}`, PARLEY_DATABASE_URL: 'sqlite', PARLEY_REDIS_URL: 'memory', PARLEY_CORS_ORIGINS: 'none',
    PARLEY_AUTH_SIGNING_KEYS: `judged:${seed}`, PARLEY_TRUSTED_PROXIES: '127.0.0.1', PARLEY_LOG_FORMAT: 'text',
  }
  execFileSync(binary, ['migrate', 'up'], { env, cwd: folder, stdio: 'ignore' })
  const child = spawn(binary, ['serve'], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  const listening = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        log += text
        const address = /127\.0\.0\.1:(\d+)/.exec(log)
        if (address) resolve(Number(address[1]))
      })
    }
    child.once('exit', () => reject(new Error(`the server ended:\n${log}`)))
  })
  return { child, port: /** @type {number} */ (await listening) }
}

execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost',
  '-addext', 'subjectAltName=DNS:localhost', '-keyout', inFolder('key.pem'), '-out', inFolder('cert.pem')], { stdio: 'ignore' })
const upstream = { to: 0 }
const { server, port } = await front(upstream)
const parley = await startParley(port)
upstream.to = parley.port
let code = 1
try {
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', judge], { stdio: 'inherit' })
  // Its install scripts would fetch the browsers' list of preloaded hosts, which has no localhost in it.
  writeFileSync(inFolder('node_modules/@mdn/mdn-http-observatory/conf/hsts-preload.json'), '{}')
  const scan = spawn(inFolder('node_modules/.bin/mdn-http-observatory-scan'), [`localhost:${port}`], {
    env: { ...process.env, NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: inFolder('cert.pem') }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  scan.stdout.on('data', (text) => (out += text))
  await once(scan, 'close')
  const verdict = JSON.parse(out)
  if (verdict.error) throw new Error(verdict.error)
  for (const [name, test] of Object.entries(verdict.tests)) console.log(`${test.pass ? 'pass' : 'FAIL'}  ${name.padEnd(28)} ${test.result} (${test.scoreModifier})`)
  const { grade, score, testsPassed, testsQuantity } = verdict.scan
  console.log(`\n${grade}, ${score} points, ${testsPassed} of ${testsQuantity} tests passed`)
  code = grade === 'A+' ? 0 : 1
} finally {
  parley.child.kill('SIGTERM')
  server.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(code)
