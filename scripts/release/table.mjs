// A table for a terminal.

/** @param {string[]} head @param {string[][]} rows @returns lines; columns whose cells are numbers stand right */
export function tableLines(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const isNumeric = head.map((_, column) => rows.every((row) => /^[\d.,–-]*$/.test(row[column])))
  const line = (cells) =>
    cells
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)]
}
