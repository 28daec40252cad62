#!/usr/bin/env node
// Plain JavaScript, so that an older Node can read it and say what is missing, instead of failing on TypeScript.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `doff needs Node 24 or newer; this is ${process.version}. In a checkout, \`npx doff\` brings the right one.\n`,
  )
  process.exitCode = 2
} else {
  // Compiled code is kept between runs, which takes a third off the start.
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
}
