/**
 * What is chosen: period, categories, block, layers. It lives in the part of
 * the address after '#', so a link restores it, the back button works, and no
 * choice reaches a server's log.
 * @module
 */

/** @typedef {import('./api.js').Category} Category */
/** @typedef {import('./api.js').Dataset} Dataset */

export const LAYERS = ['blocks', 'density', 'hotspots', 'clusters', 'incidents'];
const DEFAULT_LAYERS = ['blocks'];

/** The categories as a tree, and which of them are chosen. */
export class Choice {
  /** @param {Category[]} categories parents before children */
  constructor(categories) {
    /** @type {Map<string, Category>} */
    this.byName = new Map(categories.map((one) => [one.name, one]));
    /** @type {Map<string|null, Category[]>} */
    this.children = new Map();
    for (const one of categories) {
      const parent = this.parentOf(one);
      this.children.set(parent, [...(this.children.get(parent) ?? []), one]);
    }
    /** @type {Set<string>} every chosen name, a parent's descendants included */
    this.chosen = new Set();
  }

  /** @param {Category} one */
  parentOf(one) { return one.parent !== null && this.byName.has(one.parent) ? one.parent : null; }

  /** @param {string|null} name @returns {Category[]} */
  below(name) { return this.children.get(name) ?? []; }

  /** @param {string[]} names */
  set(names) {
    this.chosen.clear();
    for (const name of names) if (this.byName.has(name)) this.toggle(name, true);
  }

  all() { this.set(this.below(null).map((one) => one.name)); }

  /** @param {string} name @param {boolean} on */
  toggle(name, on) {
    const whole = (/** @type {string} */ each) => {
      if (on) this.chosen.add(each); else this.chosen.delete(each);
      for (const child of this.below(each)) whole(child.name);
    };
    whole(name);
    for (let up = this.parentOf(this.byName.get(name)); up !== null; up = this.parentOf(this.byName.get(up))) {
      // All children are the parent only where the parent has no incidents of its own.
      const below = this.below(up);
      const sum = below.reduce((total, one) => total + one.incidents, 0);
      const complete = below.every((one) => this.chosen.has(one.name)) && sum >= this.byName.get(up).incidents;
      if (complete) this.chosen.add(up); else this.chosen.delete(up);
    }
  }

  /** @param {string} name @returns {'on'|'off'|'some'} */
  mark(name) {
    if (this.chosen.has(name)) return 'on';
    return this.below(name).some((one) => this.mark(one.name) !== 'off') ? 'some' : 'off';
  }

  /** The shortest list that says the same: a parent in place of its children. @returns {string[]} */
  names() {
    return [...this.byName.values()]
      .filter((one) => this.chosen.has(one.name) && !this.chosen.has(this.parentOf(one) ?? ''))
      .map((one) => one.name);
  }
}

/** The page's one state. */
export class State {
  /** @param {Dataset} dataset */
  constructor(dataset) {
    this.dataset = dataset;
    this.choice = new Choice(dataset.categories);
    /** @type {[string, string]} */
    this.period = [dataset.first_date, dataset.last_date];
    /** @type {string|null} */
    this.block = null;
    /** @type {Set<string>} */
    this.layers = new Set(DEFAULT_LAYERS);
    /** @type {import('./api.js').Items|null} what list and map show now */
    this.items = null;
    this.read();
  }

  /** Whether there is something to choose and nothing chosen: then nothing is counted. */
  get nothingChosen() { return this.choice.byName.size > 0 && this.choice.chosen.size === 0; }

  /** @returns {string[]} */
  get category() { return this.choice.names(); }

  /** Takes the state from the address; what the address does not say is the data's default. */
  read() {
    const said = new URLSearchParams(location.hash.slice(1));
    const { first_date: first, last_date: last, defaults } = this.dataset;
    const dates = /^(\d{4}-\d\d-\d\d)\/(\d{4}-\d\d-\d\d)$/.exec(said.get('period') ?? '');
    this.period = dates && this.periodProblem(dates[1], dates[2]) === null ? [dates[1], dates[2]] : [first, last];
    const known = (said.get('category') ?? '').split(',').filter((name) => this.choice.byName.has(name));
    const usual = (defaults?.category ?? []).filter((name) => this.choice.byName.has(name));
    if (known.length || said.get('category') === 'none') this.choice.set(known);
    else if (usual.length) this.choice.set(usual);
    else this.choice.all();
    this.block = said.get('block') || null;
    const layers = said.get('layers');
    this.layers = new Set(layers === null ? DEFAULT_LAYERS : layers.split(',').filter((name) => LAYERS.includes(name)));
  }

  /**
   * Takes newer data: what is chosen stays chosen, and who had all categories has all.
   * @param {Dataset} dataset
   */
  follow(dataset) {
    const names = this.category;
    const hadAll = this.choice.below(null).every((one) => this.choice.chosen.has(one.name));
    this.dataset = dataset;
    this.choice = new Choice(dataset.categories);
    if (hadAll) this.choice.all(); else this.choice.set(names);
  }

  /** @param {'push'|'replace'} how a new entry of the history, or the same */
  write(how) {
    /** @type {[string, string][]} */
    const parts = [
      ['period', this.period.join('/')],
      ['category', this.category.join(',') || 'none'],
      ['layers', LAYERS.filter((name) => this.layers.has(name)).join(',')],
    ];
    if (this.block) parts.push(['block', this.block]);
    const readable = (/** @type {string} */ text) => encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%2C', ',');
    const hash = `#${parts.map(([key, value]) => `${key}=${readable(value)}`).join('&')}`;
    if (hash === location.hash) return;
    if (how === 'push') history.pushState(null, '', hash); else history.replaceState(null, '', hash);
  }

  /**
   * Why these two dates cannot be a period, or null.
   * @param {string} from @param {string} to
   */
  periodProblem(from, to) {
    const { first_date: first, last_date: last } = this.dataset;
    if (!isDate(from) || !isDate(to)) return 'Give both dates, as month, day and year.';
    if (from > to) return 'The first date is after the last one.';
    if (from < first || to > last) return `The data go from ${first} to ${last}.`;
    return null;
  }

  /** The part of a request that all layers share. @returns {Record<string, string>} */
  query() {
    const datetime = this.period.join('/');
    return this.category.length ? { category: this.category.join(','), datetime } : { datetime };
  }
}

/** @param {string} text */
function isDate(text) {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
