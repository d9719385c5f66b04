import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const server = process.env.PARLEY_DEV_SERVER ?? 'http://127.0.0.1:8080'

const shared = [
  "default-src 'none'",
  "style-src-attr 'none'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
]

// What the Go server sends. `vite preview` sends it too, so that a page that breaks it is seen before it ships.
const strictPolicy = [
  ...shared,
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types parley',
].join('; ')

// Hot reloading injects one inline script, style elements and a socket, and its error overlay is built from HTML.
const devPolicy = [...shared, "script-src 'self' 'unsafe-inline'", "style-src 'self' 'unsafe-inline'", "connect-src 'self' ws:"].join('; ')

const proxy = {
  '/api': { target: server, ws: true },
  '/auth': { target: server },
  '/health': { target: server },
}

/** The server sends these as they are, so that nothing is compressed twice. */
function precompress(): Plugin {
  let outDir = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: (config) => {
      outDir = config.build.outDir
    },
    closeBundle: () => {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|svg)$/.test(entry.name)) continue
        const file = join(entry.parentPath, entry.name)
        const content = readFileSync(file)
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }))
        writeFileSync(`${file}.br`, brotliCompressSync(content))
      }
    },
  }
}

export default defineConfig({
  plugins: [react(), precompress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy, headers: { 'content-security-policy': devPolicy } },
  preview: { proxy, headers: { 'content-security-policy': strictPolicy } },
  build: {
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'baseline-widely-available',
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Otherwise the group would take React with it, and the sign-in page would load the whole of it.
          includeDependenciesRecursively: false,
          // Dialogs and menus are one download, whichever of them is opened first.
          groups: [{ name: 'overlays', test: /node_modules\/(@base-ui|@floating-ui|tabbable)|src\/ui\/overlays\// }],
        },
      },
    },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['./src/test-setup.ts'],
    restoreMocks: true,
    // A person's typing is simulated key by key, which takes its time on a busy machine. Longer than what waits within a test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
