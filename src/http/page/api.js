/**
 * The service's answers. Every address is relative to the page's own, so the
 * page also works behind a proxy, and it never asks another host.
 * @module
 */

/**
 * @typedef {{name: string, title: string, parent: string|null, incidents: number}} Category
 * @typedef {{name: string, notice: string|null, block_set: string, local_crs: string, time_zone: string,
 *   first_date: string, last_date: string, complete_until: string | null, incidents: number, categories: Category[],
 *   live: boolean,
 *   defaults: {category: string[]|null, bandwidth_m: number|null, cell_m: number|null,
 *              eps_m: number|null, min_points: number|null}}} Dataset
 * @typedef {{from?: number, to?: number, value?: number, color: string, label: string}} LegendClass
 * @typedef {{property: string|null, title: string, unit: string, classes: LegendClass[],
 *   none?: {color: string, label: string}}} Legend
 * @typedef {{type: 'Feature', id: string, geometry: any, properties: Record<string, any>}} Feature
 * @typedef {{id: string, name: string, incidents: number, held: number, reason: string,
 *   lon: number, lat: number, block: string|null}} HeldPlace
 * @typedef {{features: Feature[], numberMatched: number, links: {rel: string, href: string}[], legend: Legend,
 *   held_places?: HeldPlace[], notice?: string|null, provenance?: any}} Items
 */

/** A failure that the service explained (application/problem+json), or the lack of an answer. */
export class Problem extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 where there was no answer
   * @param {string} [parameter]
   */
  constructor(message, status, parameter) {
    super(message);
    this.status = status;
    this.parameter = parameter;
  }
}

/**
 * @param {URL} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
async function get(url, signal) {
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { Accept: 'application/geo+json, application/json' } });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem('The service does not answer. Is it still running?', 0);
  }
  if (answer.ok) return answer.json();
  let said;
  try { said = await answer.json(); } catch { said = {}; }
  const words = [said.title, said.detail].filter(Boolean).join(': ');
  throw new Problem(words || `The service answered ${answer.status}.`, answer.status, said.parameter);
}

/** @returns {Promise<{title: string, description: string, collections: any[], dataset: Dataset}>} */
export function collections() {
  return get(new URL('collections', document.baseURI));
}

/**
 * All features of a layer, page after page.
 * @param {string} layer
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 * @returns {Promise<Items>}
 */
export async function items(layer, query, signal) {
  const first = new URL(`collections/${layer}/items`, document.baseURI);
  for (const [key, value] of Object.entries({ ...query, limit: '10000' })) first.searchParams.set(key, value);
  for (let attempt = 1; ; attempt += 1) {
    /** @type {Items} */
    const all = await get(first, signal);
    const generation = all.provenance?.generation;
    let whole = true;
    let next = nextOf(all, first);
    while (next) {
      const page = await get(next, signal);
      // The data changed between two pages: a mix of both would be a list that never was.
      if (page.provenance?.generation !== generation) { whole = false; break; }
      for (const feature of page.features) all.features.push(feature);
      next = page.features.length ? nextOf(page, next) : null;
    }
    if (whole) return all;
    if (attempt === 3) throw new Problem('The data keep changing while they are read. Try again in a moment.', 0);
  }
}

/**
 * The address of the next page, on our own host whatever name the service gives itself.
 * @param {Items} page
 * @param {URL} here
 * @returns {URL|null}
 */
function nextOf(page, here) {
  const link = page.links?.find((one) => one.rel === 'next');
  if (!link) return null;
  const next = new URL(here);
  next.search = new URL(link.href, here).search;
  return next;
}

/** Only the newest of several requests counts: a new turn ends the one before it. */
export class Turns {
  /** @type {AbortController|null} */
  #running = null;

  /** @returns {{signal: AbortSignal, isCurrent: () => boolean}} */
  next() {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    return { signal: mine.signal, isCurrent: () => this.#running === mine };
  }

  /** Nobody waits any more. */
  cancel() {
    this.#running?.abort();
    this.#running = null;
  }
}
