import { render, screen } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { Markdown } from './markdown'
import { parse } from './parse'
import { safeUrl } from './url'

const html = (source: string) => render(<Markdown source={source} />).container.innerHTML

describe('Markdown', () => {
  it('renders what people write', () => {
    const { container } = render(<Markdown source={'**bold** _it_ ~~gone~~ `code`\nnext line\n\n> quoted\n\n- one\n- two\n\n3. three'} />)
    expect(container.querySelector('strong')).toHaveTextContent('bold')
    expect(container.querySelector('em')).toHaveTextContent('it')
    expect(container.querySelector('del')).toHaveTextContent('gone')
    expect(container.querySelector('p code')).toHaveTextContent('code')
    expect(container.querySelector('br')).toBeInTheDocument()
    expect(container.querySelector('blockquote')).toHaveTextContent('quoted')
    expect(container.querySelectorAll('ul li')).toHaveLength(2)
    expect(container.querySelector('ol')).toHaveAttribute('start', '3')
  })

  it('gives a code block its language, a copy button and the keyboard', () => {
    render(<Markdown source={'```go\nfunc main() {}\n```'} />)
    expect(screen.getByRole('region', { name: 'Code, go' })).toHaveTextContent('func main() {}')
    expect(screen.getByRole('button', { name: 'Copy code' })).toBeInTheDocument()
  })

  it('opens links outside, without telling where from', () => {
    render(<Markdown source="see https://example.org/a?b=1 and [here](https://example.org)" />)
    for (const link of screen.getAllByRole('link')) {
      expect(link).toHaveAttribute('target', '_blank')
      expect(link.getAttribute('rel')).toContain('noopener')
    }
  })

  it('shows HTML as the text it is', () => {
    const source = '<img src=x onerror=alert(1)> <script>alert(1)</script> <b>no</b>'
    const { container } = render(<Markdown source={source} />)
    expect(container.querySelector('img, script, b')).toBeNull()
    expect(container).toHaveTextContent('<script>alert(1)</script>')
  })

  it('makes no image of an image', () => {
    expect(html('![alt](https://example.org/x.png)')).not.toContain('<img')
  })

  it('puts no heading into the page', () => {
    expect(html('# Big')).not.toContain('<h1')
  })

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '/local',
    '//host/x',
    'java\nscript:x',
  ])('refuses to link to %j', (href) => {
    expect(safeUrl(href)).toBeUndefined()
  })

  it.each([
    '[x](javascript:alert(1))',
    '[x](data:text/html;base64,AAAA)',
    '[x][1]\n\n[1]: javascript:alert(1)',
    '![x](javascript:alert(1))',
    '<javascript:alert(1)>',
  ])('makes no link of %j', (source) => {
    expect(render(<Markdown source={source} />).container.querySelector('a')).toBeNull()
  })
})

describe('hostile text', () => {
  const hostile = {
    quotes: '>'.repeat(8000),
    'spaced quotes': '> '.repeat(4000),
    brackets: '['.repeat(8000),
    'link starts': '[a]('.repeat(2000),
    'image starts': '!['.repeat(4000),
    stars: '*a'.repeat(4000),
    'star runs': '*'.repeat(8000),
    'mixed emphasis': '*a_b**c__'.repeat(880),
    backticks: '`a``b```'.repeat(1000),
    'open tags': '<a '.repeat(2600),
    lists: '- '.repeat(4000),
    'deep lists': Array.from({ length: 120 }, (_, depth) => `${' '.repeat(depth)}- x`).join('\n'),
    table: `|${'a|'.repeat(400)}\n|${'-|'.repeat(400)}\n${`|${'b|'.repeat(400)}\n`.repeat(7)}`,
    references: '[a]: x\n'.repeat(1100),
    entities: '&amp;'.repeat(1600),
    urls: 'https://a.b/'.repeat(660),
    mails: 'a@b.c'.repeat(1600),
    spaces: `a${' '.repeat(7990)}b`,
    zalgo: 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢'.repeat(160),
  }

  it.each(Object.entries(hostile))('costs no more than a blink: %s', (_, source) => {
    // What the processor spent on it, and not what the clock says: a busy machine does other things meanwhile.
    const before = process.cpuUsage()
    const { container } = render(<Markdown source={source.slice(0, 8000)} />)
    const { user, system } = process.cpuUsage(before)
    expect(user + system).toBeLessThan(3_000_000)
    expect(container.querySelectorAll('*').length).toBeLessThan(6000)
  })

  it('caps the depth', () => {
    const { container } = render(<Markdown source={`${'>'.repeat(10)} deep`} />)
    expect(container.querySelectorAll('blockquote').length).toBeLessThanOrEqual(9)
    expect(container).toHaveTextContent('deep')
  })

  it('parses ordinary text as Markdown', () => {
    expect(parse('a **b** c')[0]).toMatchObject({ type: 'paragraph', tokens: [{ type: 'text' }, { type: 'strong' }, { type: 'text' }] })
  })
})
