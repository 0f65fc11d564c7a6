/**
 * What the service tells as it happens: that there is newer data, and single
 * incidents. A page that is not looked at waits until it is.
 * @module
 */

/** @typedef {{id: string, category: string|null, block: string|null, lon: number|null, lat: number|null}} Told */

/** A line that the service refused is tried again after this. */
const AGAIN_MS = 30_000;

/** Between two looks at the newest data there is this much rest at least, and four times what a look took. */
const REST_MS = 500;

/**
 * Listens to the service for as long as the page is there.
 * @param {{changed: () => void, incident: (told: Told) => void, line: (isUp: boolean) => void}} on
 *   `changed` also where something may have been missed
 */
export function listen(on) {
  const source = new EventSource(new URL('events?collections=incidents,blocks', document.baseURI));
  source.addEventListener('open', () => { on.line(true); on.changed(); });
  source.addEventListener('snapshot.published', on.changed);
  source.addEventListener('gap', on.changed);
  for (const kind of ['incident.added', 'incident.revised']) {
    source.addEventListener(kind, (event) => on.incident(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  }
  source.addEventListener('error', () => {
    on.line(false);
    // A line that broke comes back by itself, one that was refused does not.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(on), AGAIN_MS);
  });
}

/**
 * A work that is done again when it is asked for: at once, but never twice at a time, never without a rest
 * between, and not while nobody looks.
 * @param {() => Promise<void>} work
 * @returns {() => void}
 */
export function paced(work) {
  let isBusy = false;
  let isWanted = false;
  const ask = async () => {
    isWanted = true;
    if (isBusy || document.hidden) return;
    isBusy = true;
    try {
      while (isWanted && !document.hidden) {
        isWanted = false;
        const begun = performance.now();
        await work();
        const rest = Math.max(REST_MS, 4 * (performance.now() - begun));
        await new Promise((done) => { setTimeout(done, rest); });
      }
    } finally {
      isBusy = false;
    }
  };
  document.addEventListener('visibilitychange', () => { if (isWanted) ask(); });
  return ask;
}
