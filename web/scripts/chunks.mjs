// How what is built is divided into files: what the chat loads at once is one file, and what other pages
// load as well is another. Left to itself the bundler makes some thirty of them, each another request and
// each compressed by itself, which is a tenth more.

/** What the SDK offers beside all else, and loads itself with the first topic. */
const LATER = /\/packages\/client\/src\/topics?[./]/;

/** Whatever these modules load at once. */
function loadedBy(modules, context) {
  const found = new Set();
  const visit = (id) => {
    for (const other of context.getModuleInfo(id)?.importedIds ?? []) {
      if (found.has(other) || LATER.test(other)) continue;
      found.add(other);
      visit(other);
    }
  };
  modules.forEach(visit);
  return found;
}

/** The files, for the chat's page and the others, which are named by their HTML. */
export function chunks(page, others) {
  let loaded;
  const isIn = (wanted) => (id, context) => {
    loaded ??= { page: loadedBy([page], context), begun: new Set(context.getModuleInfo(page)?.importedIds), others: loadedBy(others, context) };
    // What a page begins with waits for its language, which must not wait for it.
    return loaded.page.has(id) && !loaded.begun.has(id) && loaded.others.has(id) === (wanted === "shared") ? wanted : null;
  };
  return ["shared", "chat"].map((name) => ({ name: isIn(name), debugName: name }));
}
