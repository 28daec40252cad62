/** Runs the command line as a user does: a process of its own, in a folder with `spiders/` and `config/`. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const doff = join(repository, 'src/cli/doff.js')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Resolves when standard error holds a text, and rejects when the process has ended without it. */
  said(text: string): Promise<void>
}

/** A folder of a user's, in which `import 'doff'` works as if it were installed. A test beside others says when it is finished. */
export async function openFolder(
  files: Readonly<Record<string, string>>,
  whenFinished = onTestFinished,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-'))
  whenFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(repository, join(folder, 'node_modules/doff'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

export function startDoff(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [doff, ...args], { cwd: folder, env: { ...process.env, ...environment } })
  let stdout = ''
  let stderr = ''
  const listeners: (() => void)[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    for (const listener of listeners) listener()
  })
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => stderr.includes(text) && resolve()
        listeners.push(look)
        look()
        void ended.then(({ code }) =>
          reject(new Error(`doff ended with exit code ${code} before it said "${text}". It said: ${stderr}`)),
        )
      }),
  }
}

export const runDoff = (...given: Parameters<typeof startDoff>): Promise<Ended> => startDoff(...given).ended
