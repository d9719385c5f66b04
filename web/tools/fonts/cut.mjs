// The variable fonts carry every weight from 100 to 900. The first view uses a few of them, so three files are cut: 157 kB become 80.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import subsetFont from 'subset-font'

const require = createRequire(import.meta.url)
const target = new URL('../../src/ui/styles/fonts/', import.meta.url)

/** The `latin` range of src/ui/styles/fonts.css: a file must hold what its unicode-range promises. */
const ranges = [
  [0x0020, 0x00ff],
  [0x0131],
  [0x0152, 0x0153],
  [0x02bb, 0x02bc],
  [0x02c6],
  [0x02da],
  [0x02dc],
  [0x0304],
  [0x0308],
  [0x0329],
  [0x2000, 0x206f],
  [0x20ac],
  [0x2122],
  [0x2191],
  [0x2193],
  [0x2212],
  [0x2215],
  [0xfeff],
  [0xfffd],
]

const cuts = [
  { font: 'hanken-grotesk', file: 'hanken-grotesk-latin-wght-normal.woff2', axes: { wght: { min: 400, max: 700 } } },
  { font: 'newsreader', file: 'newsreader-latin-wght-normal.woff2', axes: { wght: { min: 400, max: 500 } } },
  { font: 'newsreader', file: 'newsreader-latin-wght-italic.woff2', axes: { wght: 500 } },
]

const text = ranges
  .flatMap(([from, to = from]) => Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)))
  .join('')

for (const { font, file, axes } of cuts) {
  const home = dirname(require.resolve(`@fontsource-variable/${font}/LICENSE`))
  const cut = await subsetFont(readFileSync(join(home, 'files', file)), text, { targetFormat: 'woff2', variationAxes: axes })
  writeFileSync(new URL(file, target), cut)
  writeFileSync(new URL(`LICENSE-${font}`, target), readFileSync(join(home, 'LICENSE')))
}
