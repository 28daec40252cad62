import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it, onTestFinished } from 'vitest'
import type { Cursor } from '../../src/cursor.ts'
import { Exporter } from '../../src/output/exporter.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-out-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const warn = () => undefined

/** Keeps the last cursor, as a store would. */
function keeper() {
  const saved: Cursor[] = []
  return {
    saved,
    get: () => saved.at(-1),
    save: (_: string, cursor: Cursor) => Promise.resolve(void saved.push(cursor)),
  }
}

it('writes nothing after a write that failed, and its cursor stays before it: no item is lost between', () => {
  const folder = newFolder()
  // In a shell whose files can have 8 KiB: item 2 finds no room, the small item 3 would.
  const script = `
    import { Exporter } from ${JSON.stringify(new URL('../../src/output/exporter.ts', import.meta.url).href)}
    const saved = []
    const cursors = { get: () => undefined, save: async (_, cursor) => { saved.push(cursor) } }
    const exporter = await Exporter.open({ path: 'out.jsonl', mode: 'append' }, { warn() {}, cursors })
    await exporter.write({ id: 1 }, 1)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const big = exporter.write({ id: 2, text: 'x'.repeat(20000) }, 2).catch(() => {})
    const small = exporter.write({ id: 3 }, 3).catch(() => {})
    await Promise.all([big, small])
    const failed = await exporter.close(true).then(() => false, () => true)
    console.log(JSON.stringify({ failed, item: saved.at(-1).item }))`
  const command = `trap '' XFSZ; ulimit -f 8; exec "${process.execPath}" writer.mjs`
  writeFileSync(join(folder, 'writer.mjs'), script)
  const stdout = execFileSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' })
  const { failed, item } = JSON.parse(stdout) as { failed: boolean; item: number }
  const ids = readFileSync(join(folder, 'out.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: number }).id)
  expect(failed).toBe(true)
  expect(ids).toEqual([1])
  expect(item).toBeLessThanOrEqual(1)
})

it('saves a cursor that speaks of what is in the file, item and byte', async () => {
  const path = join(newFolder(), 'out.jsonl')
  const cursors = keeper()
  const exporter = await Exporter.open({ path, mode: 'append' }, { warn, cursors })
  for (let id = 1; id <= 40; id += 1) {
    await exporter.write({ id, text: 'x'.repeat(id * 50) }, id)
    if (id % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 400))
    const cursor = cursors.saved.at(-1)
    const written = readFileSync(path)
      .subarray(0, cursor?.bytes ?? 0)
      .toString()
    const ids = written
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { id: number }).id)
    expect(ids.at(-1) ?? 0).toBe(cursor?.item)
  }
  await exporter.close(true)
  expect(cursors.saved.length).toBeGreaterThan(2)
  expect(cursors.saved.at(-1)).toMatchObject({ item: 40, isClosed: true, foreignBytes: 0 })
})

it('writes gzip in members, each of which can be the last', async () => {
  const path = join(newFolder(), 'out.jsonl.gz')
  const cursors = keeper()
  const wide = 'x'.repeat(300_000)
  const exporter = await Exporter.open({ path, mode: 'append' }, { warn, cursors })
  for (let id = 1; id <= 10; id += 1) await exporter.write({ id, wide }, id)
  const partly = gunzipSync(readFileSync(path)).toString()
  expect(partly.endsWith('\n')).toBe(true)
  expect(partly.split('\n').length).toBeGreaterThan(3)
  await exporter.close(true)
  expect(gunzipSync(readFileSync(path)).toString().split('\n')).toHaveLength(11)
})
