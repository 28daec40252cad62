/** Rows of texts as lines with aligned columns; the first row is the header. A column of figures is aligned to the right. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const [header = [], ...body] = rows
  const widths = header.map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0))
  const areFigures = header.map((_, column) => body.every((row) => /^[\d,]*(\.\d+)?$/.test(row[column] ?? '')))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return areFigures[column] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
