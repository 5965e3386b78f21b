#!/usr/bin/env node
// Starts Milepost on the Node that it brings along, whatever Node this is. Plain JavaScript for that reason.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = join(dirname(fileURLToPath(import.meta.url)), 'main.ts')

function runtime() {
  try {
    const bundled = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node')
    if (existsSync(bundled)) return bundled
  } catch {
    // Not installed: this Node has to do.
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(`milepost: needs Node 24 or newer (this is ${process.versions.node}), or its own: run npm ci`)
  process.exit(78)
}

const child = spawn(runtime(), [main, ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
