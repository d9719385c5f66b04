import { common, createLowlight } from 'lowlight'

/** A piece of coloured code: plain text, or text under a class of the highlighter. */
export type Piece = string | { kind: string; pieces: Piece[] }

interface Node {
  type: string
  value?: string
  properties?: { className?: string[] }
  children?: Node[]
}

const lowlight = createLowlight(common)

/** The code as pieces, or nothing when the language is not known. */
export function highlight(code: string, language: string): Piece[] | undefined {
  if (!lowlight.registered(language)) return undefined
  return pieces(lowlight.highlight(language, code).children as Node[])
}

function pieces(nodes: readonly Node[]): Piece[] {
  return nodes.map((node) =>
    node.type === 'text'
      ? (node.value ?? '')
      : { kind: node.properties?.className?.[0]?.replace('hljs-', '') ?? '', pieces: pieces(node.children ?? []) },
  )
}
