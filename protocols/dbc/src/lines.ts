/** A statement of the file: its first line's number and its text on one line. */
export interface Statement {
  readonly line: number;
  readonly text: string;
}

/**
 * Splits a DBC into statements. Most are a line each; a quoted string may go on over several lines (comments do), so a
 * statement ends with the first line at which its quotes are closed.
 */
export function* statementsOf(text: string): Generator<Statement> {
  const lines = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let statement = lines[i];
    // A quote that never closes would swallow the file: it is given up at the next line that begins a statement.
    while (isOpen(statement) && i + 1 < lines.length && !/^(BO_|BA_|CM_|VAL_|BU_:?|SIG_\w+_) /.test(lines[i + 1])) {
      statement += `\n${lines[++i]}`;
    }
    if (statement.trim() !== '') yield { line, text: statement.trim() };
  }
}

function isOpen(text: string): boolean {
  let quotes = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && quotes % 2 === 1) i++;
    else if (text[i] === '"') quotes++;
  }
  return quotes % 2 === 1;
}
