/** A real browser for tests. Needs a Chromium (MILEPOST_CHROMIUM, or where Debian puts it); without one they are skipped. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium, type Page } from 'playwright-core'
import type { Serving } from '../app/read/serving.ts'

export const executablePath = [
  process.env['MILEPOST_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(path => path !== undefined && existsSync(path))
export const missing = executablePath === undefined && 'no Chromium is installed'

if (missing !== false && process.env['MILEPOST_SKIP'] === 'forbidden')
  throw new Error(`may not be skipped here: ${missing}`)

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly login?: boolean
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
  /** Run in the page before anything of its own. */
  readonly before?: string
}
export interface Looking {
  readonly address: string
  /** What was logged as an error, by any page. */
  readonly said: readonly string[]
  /** Requests to anybody but the server. */
  readonly foreign: readonly string[]
  readonly opened: (path: string, options?: PageOptions) => Promise<Page>
  /** Nothing is still being asked for. */
  readonly loaded: (page: Page) => Promise<void>
  /** What axe-core finds wrong with a page: rule and element. */
  readonly faults: (page: Page) => Promise<string[]>
  readonly close: () => Promise<void>
}

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Listens with the server, and opens its pages. */
export async function look(s: Serving): Promise<Looking> {
  return lookAt(await s.server.listen({ host: '127.0.0.1', port: 0 }), address => s.sessions.mintLink(address))
}

/** Opens pages of who listens there. `link` lets a browser in: it is asked for each page that is opened with a login. */
export async function lookAt(address: string, link: (address: string) => string): Promise<Looking> {
  const said: string[] = []
  const foreign: string[] = []
  const browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ['--no-sandbox'] })
  return {
    ...{ address, said, foreign, close: () => browser.close() },
    async opened(path, options = {}) {
      const { width = 1280, height = 844, login = true, colorScheme = 'light', reducedMotion, before } = options
      // One at a time: those that nobody looks at any more go on drawing.
      for (const context of browser.contexts()) await context.close()
      const page = await browser.newPage({
        viewport: { width, height },
        colorScheme,
        ...(reducedMotion && { reducedMotion }),
      })
      page.on('pageerror', error => said.push(error.message))
      page.on('console', message => {
        const text = message.text()
        if (message.type() === 'error' && !text.includes('401')) said.push(text)
      })
      page.on('request', request => {
        if (!request.url().startsWith(address) && !request.url().startsWith('data:')) foreign.push(request.url())
      })
      if (before !== undefined) await page.addInitScript(before)
      if (login) await page.goto(link(address))
      await page.goto(address + path)
      return page
    },
    async loaded(page) {
      // Not waitForFunction: the page's policy lets nobody make code of a string, there.
      const isLoaded = `!document.body.innerText.includes('Loading…') && document.querySelector('h2') !== null`
      while (!(await page.evaluate<boolean>(isLoaded))) await page.waitForTimeout(50)
    },
    async faults(page) {
      // By the debugger's way in: the page's own policy lets no script of a test in.
      await page.evaluate(axe)
      const found = await page.evaluate<readonly Violation[]>('axe.run().then(({ violations }) => violations)')
      return found.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
      )
    },
  }
}
