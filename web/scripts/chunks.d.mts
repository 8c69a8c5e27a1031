interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/** What is built into one file. */
interface Group {
  name: (id: string, context: Modules) => string | null;
  debugName: string;
}

/** The files, for the chat's page and the others, which are named by their HTML. */
export function chunks(page: string, others: readonly string[]): Group[];
