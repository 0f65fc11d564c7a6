/**
 * The page: one state, and list, map and legend that show it.
 * @module
 */
import { Problem, Turns, collections, items } from './api.js';
import { LAYERS, State } from './state.js';
import { controls } from './controls.js';
import { detail, list, made, statusWords } from './list.js';
import { showLegend } from './legend.js';
import { listen, paced } from './live.js';
import { NoMap, drawMap } from './map.js';
import { byId, clock, count, say } from './text.js';

/** @typedef {import('./api.js').Items} Items */
/** @typedef {import('./api.js').Feature} Feature */

const OVERLAYS = /** @type {const} */ (['density', 'hotspots', 'clusters', 'incidents']);

/** Changes that are under way; the page is ready when there are none and the map has drawn. */
let underWay = 0;
let changes = 0;
/** @type {Awaited<ReturnType<typeof drawMap>>|null} */
let map = null;

/**
 * Runs a change: the page says that it is busy from its first moment on.
 * @template T
 * @param {() => Promise<T>|T} work
 */
async function change(work) {
  delete document.body.dataset.ready;
  underWay += 1;
  changes += 1;
  try {
    await work();
  } finally {
    underWay -= 1;
    // Whichever ends last, it need not be the one that began last.
    if (underWay === 0) {
      const soFar = changes;
      await map?.idle();
      if (underWay === 0 && changes === soFar) document.body.dataset.ready = 'true';
    }
  }
}

/** @param {any} cause */
function explain(cause) {
  if (!(cause instanceof Problem)) console.error(cause);
  return cause instanceof Problem ? cause.message : `The page failed: ${cause.message}`;
}

async function start() {
  let about;
  try {
    about = await collections();
  } catch (cause) {
    say(byId('problem'), explain(cause));
    say(byId('status'), 'Nothing could be loaded.');
    return;
  }
  const { dataset } = about;
  document.title = `${dataset.name} – hotblocks`;
  byId('title').textContent = dataset.name;
  const showSize = (/** @type {import('./api.js').Dataset} */ of) => { byId('subtitle').textContent = `${count(of.incidents, 'incident')} in the data`; };
  showSize(dataset);
  showNotice(dataset.notice);
  if (!dataset.first_date) {
    say(byId('status'), 'The data hold no incidents yet.');
    // The first ones begin the page anew.
    const look = paced(async () => { if ((await collections()).dataset.first_date) location.reload(); });
    if (dataset.live) listen({ changed: look, incident: () => {}, line: showLine });
    return;
  }

  const state = new State(dataset);
  Object.assign(window, { hotblocks: { map: null, state } });

  const turns = { blocks: new Turns(), density: new Turns(), hotspots: new Turns(), clusters: new Turns(), incidents: new Turns() };
  /** @type {Partial<Record<typeof OVERLAYS[number], Items>>} */
  const overlays = {};
  /** @type {Map<string, Feature>} */
  let features = new Map();

  const ranking = list({
    select: (id) => change(() => select(id, { from: 'list' })),
    held: (place) => change(() => goToHeld(place)),
  });
  const chooser = controls(state, () => { state.write('push'); change(refresh); });

  /** Loads what the state asks for. */
  async function refresh() {
    await Promise.all([loadBlocks(), ...OVERLAYS.map(loadOverlay)]);
  }

  /** Shows newer data where there are some: what is chosen stays, and so does who reads. */
  async function renew() {
    let newer;
    try {
      newer = await collections();
    } catch {
      return; // The line tells that the service is away.
    }
    state.follow(newer.dataset);
    chooser.renew();
    if (location.hash) state.write('replace');
    showSize(newer.dataset);
    await Promise.all([loadBlocks(true), ...OVERLAYS.map(loadOverlay)]);
    showLine(true);
  }

  /** @param {boolean} [stay] whether the same is asked for as before, of newer data */
  async function loadBlocks(stay = false) {
    const turn = turns.blocks.next();
    byId('ranking').setAttribute('aria-busy', 'true');
    try {
      // Without a category nothing is counted; the service would take its usual ones.
      const none = state.nothingChosen;
      const answer = await items('blocks', state.query(), turn.signal);
      if (!turn.isCurrent()) return;
      state.items = none ? emptied(answer) : answer;
      say(byId('problem'), null);
      showNotice(state.items.notice === undefined ? dataset.notice : state.items.notice);
    } catch (cause) {
      if (!turn.isCurrent()) return;
      say(byId('problem'), explain(cause));
      state.items = null;
    }
    byId('ranking').removeAttribute('aria-busy');
    showBlocks(stay);
  }

  function showBlocks(stay = false) {
    const answer = state.items ?? NOTHING;
    features = new Map(answer.features.map((one) => [one.id, one]));
    ranking.show(answer, stay);
    ranking.held(answer);
    byId('status').textContent = state.items ? statusWords(state, answer) : 'No list.';
    map?.blocks(answer.features, answer.legend);
    map?.held(answer.held_places ?? [], (place) => change(() => goToHeld(place)));
    select(state.block, { from: 'data' });
    showAround();
  }

  /** @param {typeof OVERLAYS[number]} layer */
  async function loadOverlay(layer) {
    if (!state.layers.has(layer) || !map) { turns[layer].cancel(); return; }
    const turn = turns[layer].next();
    try {
      const answer = state.nothingChosen ? { ...NOTHING, legend: overlays[layer]?.legend ?? NOTHING.legend } : await items(layer, state.query(), turn.signal);
      if (!turn.isCurrent()) return;
      overlays[layer] = answer;
      map.overlay(layer, answer.features, answer.legend);
      layerProblem(layer, null);
    } catch (cause) {
      if (!turn.isCurrent()) return;
      const reason = explain(cause);
      const lacks = cause instanceof Problem && cause.status === 400;
      delete overlays[layer];
      if (lacks) disable(layer);
      layerProblem(layer, `${LAYER_NAMES[layer]} cannot be shown. ${reason}`);
      state.layers.delete(layer);
      state.write('replace');
      showLayers();
    }
    showAround();
  }

  /** Legend and provenance of all that is seen. */
  function showAround() {
    const answer = state.items ?? NOTHING;
    const parts = [];
    if (state.layers.has('blocks') && state.items) parts.push({ kind: 'blocks', legend: answer.legend });
    for (const layer of OVERLAYS) {
      const its = overlays[layer];
      if (!state.layers.has(layer) || !its) continue;
      parts.push({ kind: layer, legend: its.legend, features: its.features.length, hint: layer === 'hotspots' ? whereNoneIsHot(its) : undefined });
    }
    showLegend(map ? parts : []);
    made(state, answer, Object.fromEntries(OVERLAYS.filter((layer) => state.layers.has(layer) && overlays[layer])
      .map((layer) => [LAYER_NAMES[layer], overlays[layer]?.provenance])));
  }

  /**
   * @param {string|null} id
   * @param {{from: 'list'|'map'|'data'|'address'}} how
   */
  function select(id, { from }) {
    const block = id === null ? null : features.get(id) ?? null;
    // An unknown block stays in the address: it may be one of another period's answer.
    if (from !== 'data') { state.block = block ? id : null; state.write('replace'); }
    detail(block, state);
    ranking.select(block?.id ?? null, from !== 'data' && !narrow.matches);
    map?.select(block, from === 'list' || from === 'address');
  }

  /** @param {import('./api.js').HeldPlace} place */
  function goToHeld(place) {
    select(null, { from: 'map' });
    map?.go([place.lon, place.lat]);
  }

  /** @param {string} layer */
  function disable(layer) {
    const box = layerBox(layer);
    box.checked = false;
    box.disabled = true;
  }

  /** Why layers cannot be shown. @type {Map<string, string>} */
  const layerProblems = new Map();

  /** @param {string} layer @param {string|null} problem */
  function layerProblem(layer, problem) {
    if (problem) layerProblems.set(layer, problem); else layerProblems.delete(layer);
    say(byId('layer-problem'), [...layerProblems.values()].join(' ') || null);
  }

  function showLayers() {
    for (const layer of LAYERS) layerBox(layer).checked = state.layers.has(layer);
    map?.visible(state.layers);
  }

  byId('layers').addEventListener('change', (/** @type {any} */ event) => {
    const { value: layer, checked } = event.target;
    if (checked) state.layers.add(layer); else state.layers.delete(layer);
    state.write('replace');
    change(async () => {
      showLayers();
      showAround();
      if (layer !== 'blocks') await loadOverlay(layer);
    });
  });
  byId('detail-close').addEventListener('click', () => change(() => closeDetail()));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !byId('detail').hidden) change(() => closeDetail());
  });
  function closeDetail() {
    const had = byId('detail').contains(document.activeElement);
    const row = document.querySelector('#rows tr.selected button');
    select(null, { from: 'map' });
    if (had && row instanceof HTMLElement) row.focus();
  }
  byId('skip').addEventListener('click', (/** @type {Event} */ event) => {
    event.preventDefault();
    byId('ranking').focus();
  });
  window.addEventListener('popstate', () => {
    state.read();
    chooser.show();
    change(async () => {
      showLayers();
      await refresh();
      select(state.block, { from: 'address' });
    });
  });

  if (dataset.live) {
    listen({
      changed: paced(() => change(renew)),
      incident: ({ category, lon, lat }) => {
        const isMeant = category === null || !state.choice.byName.has(category) || state.choice.chosen.has(category);
        if (isMeant && lon !== null && lat !== null) map?.pulse([lon, lat]);
      },
      line: showLine,
    });
  }

  // The list comes first; the map, a megabyte of library, follows when it can.
  await change(async () => {
    const drawn = drawMap(boundsOf(about), {
      block: (id) => change(() => select(id, { from: 'map' })),
      whole: () => change(() => map?.whole()),
    }).then((made) => {
      map = made;
      Object.assign(window, { hotblocks: { map: made.map, state } });
      showLayers();
      if (state.items) showBlocks();
      return Promise.all(OVERLAYS.map(loadOverlay));
    }).catch((cause) => {
      say(byId('no-map'), cause instanceof NoMap ? cause.message : `The map cannot be drawn here. The list has everything. (${cause.message})`);
      for (const box of document.querySelectorAll('#layers input, #layers button')) /** @type {any} */ (box).disabled = true;
    });
    showLayers();
    await Promise.all([loadBlocks(), drawn]);
    if (state.block) select(state.block, { from: 'address' });
  });
}

const narrow = window.matchMedia('(max-width: 55.99rem)');

const LAYER_NAMES = { blocks: 'Blocks', density: 'Density', hotspots: 'Hot spots', clusters: 'Clusters', incidents: 'Incidents' };

/** @type {Items} */
const NOTHING = { features: [], numberMatched: 0, links: [], legend: { property: null, title: '', unit: '', classes: [] }, held_places: [] };

/**
 * What the service says to do where nothing is hot: the last of its warnings.
 * @param {Items} its @returns {string|undefined}
 */
const whereNoneIsHot = (its) => (its.features.some((one) => one.properties.bin > 0) ? undefined : its.provenance?.warnings?.at(-1));

/** @param {string} layer @returns {any} */
const layerBox = (layer) => document.querySelector(`#layers input[value="${layer}"]`);

/** Whether the page follows what happens, and since when it shows what it shows. @param {boolean} isUp */
function showLine(isUp) {
  byId('live').classList.toggle('down', !isUp);
  say(byId('live'), isUp ? `Live, as of ${clock(new Date())}` : 'Not live now: the service does not answer; the page tries again');
}

/** @param {string|null} notice */
function showNotice(notice) {
  byId('notice').hidden = !notice;
  byId('notice-text').textContent = notice ?? '';
}

/**
 * The same blocks with nothing counted.
 * @param {Items} answer @returns {Items}
 */
function emptied(answer) {
  return { ...answer, held_places: [], provenance: { ...answer.provenance, counts: { incidents: 0, in_blocks: 0, unassigned: 0, held: 0, geocoded: 0 } },
    features: answer.features.map((one) => ({ ...one,
      properties: { ...one.properties, rank: null, tied_with: 0, incidents: 0, score: 0, held: 0, latest: null } })) };
}

/**
 * @param {any} about
 * @returns {[number, number, number, number]}
 */
function boundsOf(about) {
  const of = (/** @type {string} */ id) => about.collections.find((/** @type {any} */ one) => one.id === id)?.extent?.spatial?.bbox?.[0];
  return of('blocks') ?? of('incidents') ?? [-180, -60, 180, 75];
}

start();
