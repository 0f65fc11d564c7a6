/**
 * The map: blocks in the legend's colors over the thin lines of the city, and
 * what can be laid over or under them.
 * @module
 */
import { byId, count, element } from './text.js';
import { PAPER, noneColor, steps } from './legend.js';

/** @typedef {import('./api.js').Feature} Feature */
/** @typedef {import('./api.js').Legend} Legend */
/** @typedef {import('./api.js').HeldPlace} HeldPlace */

const LINES = ['in', ['geometry-type'], ['literal', ['LineString', 'MultiLineString']]];
const POINTS = ['in', ['geometry-type'], ['literal', ['Point', 'MultiPoint']]];
const AREAS = ['in', ['geometry-type'], ['literal', ['Polygon', 'MultiPolygon']]];
const RANKED = ['!=', ['get', 'rank'], null];
/** Blocks that stand out from chance. */
const STANDS_OUT = ['!=', ['get', 'bin'], 0];
/** Higher ranks are drawn last, on top. */
const ORDER = ['-', 0, ['coalesce', ['get', 'rank'], 1e9]];
/** Around every color, so that the palest stands out from the paper too. */
const CASING = '#4a4038';
const HALO = '#1463d8';
const EMPTY = { type: 'FeatureCollection', features: [] };
/** Places where something was just heard: so many at once, each so long. */
const MOST_PULSES = 50;
const PULSE_MS = 15_000;

/** Layers of the style for each layer of the page. */
const DRAWN = {
  blocks: ['blocks-area', 'blocks-area-edge', 'blocks-casing', 'blocks-line', 'blocks-node'],
  density: ['density'],
  hotspots: ['hotspots-area', 'hotspots', 'hotspots-node'],
  clusters: ['clusters', 'clusters-edge'],
  incidents: ['incidents'],
};
const RANKED_LAYERS = ['blocks-line', 'blocks-node', 'blocks-area', 'blocks-casing'];
const CITY_LAYERS = ['city-line', 'city-node', 'city-area'];

/** What keeps the map from being drawn here. */
export class NoMap extends Error {}

/**
 * @param {[number, number, number, number]} bounds
 * @param {{block: (id: string|null) => void, whole: () => void}} on
 */
export async function drawMap(bounds, on) {
  if (!document.createElement('canvas').getContext('webgl2')) {
    throw new NoMap('This browser cannot draw the map (it offers no WebGL 2). The list has everything.');
  }
  const library = await import('./vendor/maplibre-gl.js');
  library.setWorkerUrl(new URL('vendor/maplibre-gl-worker.js', import.meta.url).href);
  // On a phone the legend takes the lower edge.
  const padding = () => {
    const small = byId('map').clientWidth < 560;
    return { top: 16, right: 16, bottom: small ? 84 : 16, left: 16 };
  };
  const map = new library.Map({
    container: 'map',
    style: style(),
    bounds,
    fitBoundsOptions: { padding: padding() },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    maxZoom: 19,
    minZoom: 5,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(wholeCity(() => on.whole()), 'top-right');
  map.addControl(new library.ScaleControl({ maxWidth: 90 }), 'bottom-left');
  map.getCanvas().setAttribute('aria-label', 'Map of the blocks: arrow keys move it, plus and minus zoom. The list says the same in words.');
  await map.once('load');

  /** @type {Map<string, Feature>} */
  let byBlock = new Map();
  /** @type {any[]} */
  let ranks = [];
  /** @type {any[]} */
  let heldMarks = [];
  /** @type {any[]} */
  let pulses = [];

  /**
   * The block at a place of the canvas: what is exactly there, else what is near.
   * @param {{x: number, y: number}} at
   * @returns {string|null}
   */
  function blockAt(at) {
    const near = (/** @type {number} */ by) => [[at.x - by, at.y - by], [at.x + by, at.y + by]];
    for (const [layers, by] of [[RANKED_LAYERS, 0], [RANKED_LAYERS, 5], [CITY_LAYERS, 4]]) {
      const found = map.queryRenderedFeatures(near(/** @type {number} */ (by)), { layers });
      if (found.length) {
        found.sort((a, b) => (a.properties.rank ?? Infinity) - (b.properties.rank ?? Infinity));
        return String(found[0].id);
      }
    }
    return null;
  }

  map.on('click', (event) => on.block(blockAt(event.point)));

  const tip = byId('tip');
  let hovering = 0;
  map.on('mousemove', (event) => {
    cancelAnimationFrame(hovering);
    hovering = requestAnimationFrame(() => {
      const block = byBlock.get(map.isMoving() ? '' : blockAt(event.point) ?? '');
      map.getCanvas().classList.toggle('over-block', Boolean(block));
      tip.hidden = !block;
      if (!block) return;
      tip.replaceChildren(element('strong', { textContent: block.properties.name }),
        element('span', { textContent: block.properties.rank === null ? 'no incidents' : count(block.properties.incidents, 'incident') }));
      const width = map.getContainer().clientWidth;
      tip.classList.toggle('leftward', event.point.x > width / 2);
      tip.style.setProperty('left', `${event.point.x}px`);
      tip.style.setProperty('top', `${event.point.y}px`);
    });
  });
  map.on('mouseout', () => { cancelAnimationFrame(hovering); tip.hidden = true; });
  map.on('movestart', () => { tip.hidden = true; });

  /** @param {string} source @param {Feature[]} features */
  function fill(source, features) {
    // Tiles keep no text ids, so each feature carries its own as a property and promotes it.
    const data = { type: 'FeatureCollection',
      features: features.map((one) => ({ ...one, properties: { ...one.properties, _id: one.id } })) };
    map.getSource(source).setData(data);
  }

  /** @param {string} layer @param {string} property @param {any} value */
  const paint = (layer, property, value) => map.setPaintProperty(layer, property, value);

  return {
    map,

    /** @param {Feature[]} features @param {Legend} legend */
    blocks(features, legend) {
      byBlock = new Map(features.map((one) => [one.id, one]));
      const color = steps(legend, noneColor(legend), (one) => one.color);
      for (const [layer, property] of [['blocks-area', 'fill-color'], ['blocks-line', 'line-color'], ['blocks-node', 'circle-color']]) {
        paint(layer, property, color);
      }
      for (const [layer, property] of [['city-line', 'line-color'], ['city-area', 'line-color'], ['city-node', 'circle-color']]) {
        paint(layer, property, noneColor(legend));
      }
      const most = Math.max(1, legend.classes.length - 1);
      const sized = (/** @type {number} */ least, /** @type {number} */ largest, /** @type {number} */ more) =>
        steps(legend, least + more, (_, index) => least + ((largest - least) * index) / most + more);
      const zoomed = (/** @type {number} */ more) => ['interpolate', ['exponential', 1.4], ['zoom'],
        11, sized(1.2, 3.2, more), 14, sized(3, 7, more * 1.4), 17, sized(8, 14, more * 2)];
      paint('blocks-line', 'line-width', zoomed(0));
      paint('blocks-casing', 'line-width', zoomed(1));
      paint('blocks-node', 'circle-radius', ['interpolate', ['exponential', 1.4], ['zoom'],
        11, sized(1.2, 3, 0), 14, sized(3.5, 6, 0), 17, sized(8, 12, 0)]);
      fill('blocks', features);
      for (const one of ranks) one.remove();
      ranks = features.filter((one) => one.properties.rank !== null && one.properties.rank <= 10 && one.geometry).slice(0, 10).reverse().map((one) => {
        const { at, aside } = middle(one.geometry);
        const mark = element('span', { className: 'rank-mark', textContent: String(one.properties.rank), data: { id: one.id } });
        const made = new library.Marker({ element: mark, offset: aside }).setLngLat(at).addTo(map);
        plain(mark);
        return made;
      });
    },

    /** @param {HeldPlace[]} places @param {(place: HeldPlace) => void} chosen */
    held(places, chosen) {
      for (const one of heldMarks) one.remove();
      heldMarks = places.map((place) => {
        const mark = element('span', { className: 'held-mark', title: `${place.name}: confirm or release`, textContent: '?' });
        mark.addEventListener('click', (/** @type {Event} */ event) => { event.stopPropagation(); chosen(place); });
        const made = new library.Marker({ element: mark }).setLngLat([place.lon, place.lat]).addTo(map);
        plain(mark);
        return made;
      });
    },

    /**
     * @param {'density'|'hotspots'|'clusters'|'incidents'} layer
     * @param {Feature[]} features @param {Legend|null} legend
     */
    overlay(layer, features, legend) {
      if (layer === 'density' && legend) {
        paint('density', 'fill-color', ofClass(legend));
      }
      if (layer === 'hotspots' && legend?.classes.length) {
        for (const [one, property] of [['hotspots-area', 'fill-color'], ['hotspots', 'line-color'], ['hotspots-node', 'circle-color']]) {
          paint(one, property, ofClass(legend));
        }
      }
      if (layer === 'clusters' && legend?.classes.length) {
        paint('clusters', 'fill-color', legend.classes[0].color);
        paint('clusters-edge', 'line-color', legend.classes[0].color);
      }
      if (layer === 'incidents' && legend?.classes.length) paint('incidents', 'circle-color', legend.classes[0].color);
      fill(layer, features);
    },

    /** Calls the eye to a place where something was just heard. @param {[number, number]} at */
    pulse(at) {
      if (pulses.length >= MOST_PULSES) pulses.shift()?.remove();
      const mark = element('span', { className: 'pulse' });
      const made = new library.Marker({ element: mark }).setLngLat(at).addTo(map);
      plain(mark);
      pulses.push(made);
      setTimeout(() => { made.remove(); pulses = pulses.filter((one) => one !== made); }, PULSE_MS);
    },

    /** @param {Set<string>} layers the ones to be seen */
    visible(layers) {
      for (const [layer, drawn] of Object.entries(DRAWN)) {
        for (const one of drawn) map.setLayoutProperty(one, 'visibility', layers.has(layer) ? 'visible' : 'none');
      }
      map.getContainer().classList.toggle('no-ranks', !layers.has('blocks'));
    },

    /**
     * Shows which block is selected, and where `go` says so, goes there.
     * @param {Feature|null} block @param {boolean} go
     */
    select(block, go) {
      fill('selected', block ? [block] : []);
      if (block?.geometry && go) this.go(middle(block.geometry).at);
    },

    /** @param {[number, number]} center */
    go(center) {
      // In the middle of what card and legend leave free, where they cover the whole width.
      const small = map.getContainer().clientWidth < 560;
      const down = small ? (byId('detail').offsetHeight - byId('legend').offsetHeight) / 2 : 0;
      map.easeTo({ center, zoom: Math.max(map.getZoom(), 15.5), offset: [0, down], duration: 700 });
    },

    whole() { map.fitBounds(bounds, { padding: padding(), duration: 700 }); },

    /** When all that was asked for is drawn. @returns {Promise<void>} */
    async idle() {
      const done = map.once('idle');
      map.triggerRepaint();
      await done;
    },
  };
}

/**
 * The button that shows all of the city again.
 * @param {() => void} pressed
 */
function wholeCity(pressed) {
  const button = element('button', { type: 'button', id: 'whole', title: 'Whole city', attributes: { 'aria-label': 'Whole city' } },
    element('span', { className: 'maplibregl-ctrl-icon', attributes: { 'aria-hidden': 'true' } }));
  button.addEventListener('click', pressed);
  const group = element('div', { className: 'maplibregl-ctrl maplibregl-ctrl-group' }, button);
  return { onAdd: () => group, onRemove: () => group.remove() };
}

/** A mark for the eye: the list is the same for everybody else. @param {HTMLElement} mark */
function plain(mark) {
  mark.removeAttribute('role');
  mark.removeAttribute('tabindex');
  mark.removeAttribute('aria-label');
  mark.setAttribute('aria-hidden', 'true');
}

/**
 * The color of the class whose value a feature has.
 * @param {Legend} legend
 */
function ofClass(legend) {
  return ['case', ...legend.classes.flatMap((one) => [['==', ['get', legend.property], one.value ?? one.from], one.color]), 'transparent'];
}

/** @returns {any} the style: no text, no sprites, nothing from elsewhere */
function style() {
  const source = { type: 'geojson', data: EMPTY, promoteId: '_id' };
  const visible = (/** @type {any} */ layer) => ({ ...layer, layout: { ...layer.layout, visibility: 'none' } });
  return {
    version: 8,
    sources: {
      // Every vertex is kept: a short block is still a block.
      blocks: { ...source, tolerance: 0 },
      selected: { ...source, tolerance: 0 },
      density: source,
      hotspots: { ...source, tolerance: 0 },
      clusters: source,
      incidents: source,
    },
    layers: [
      { id: 'paper', type: 'background', paint: { 'background-color': PAPER } },
      visible({ id: 'density', type: 'fill', source: 'density', paint: { 'fill-antialias': false } }),
      visible({ id: 'hotspots-area', type: 'fill', source: 'hotspots', filter: ['all', AREAS, STANDS_OUT], paint: { 'fill-opacity': 0.55 } }),
      visible({ id: 'clusters', type: 'fill', source: 'clusters', paint: { 'fill-opacity': 0.1 } }),
      { id: 'city-area', type: 'line', source: 'blocks', filter: AREAS, paint: { 'line-width': 0.8 } },
      { id: 'city-line', type: 'line', source: 'blocks', filter: LINES,
        layout: { 'line-cap': 'round' },
        paint: { 'line-width': ['interpolate', ['exponential', 1.4], ['zoom'], 11, 0.7, 14, 1.4, 17, 4] } },
      { id: 'city-node', type: 'circle', source: 'blocks', filter: POINTS, minzoom: 14.5,
        paint: { 'circle-radius': ['interpolate', ['linear'], ['zoom'], 14.5, 1.4, 17, 4] } },
      // Broader than the blocks, which are drawn above: around a ranked block both are to be seen.
      visible({ id: 'hotspots', type: 'line', source: 'hotspots', filter: ['all', LINES, STANDS_OUT],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-opacity': 0.85, 'line-width': ['interpolate', ['exponential', 1.4], ['zoom'], 11, 7, 14, 13, 17, 24] } }),
      visible({ id: 'hotspots-node', type: 'circle', source: 'hotspots', filter: ['all', POINTS, STANDS_OUT],
        paint: { 'circle-opacity': 0.85, 'circle-radius': ['interpolate', ['exponential', 1.4], ['zoom'], 11, 4, 14, 8, 17, 15] } }),
      { id: 'blocks-area', type: 'fill', source: 'blocks', filter: ['all', AREAS, RANKED], layout: { 'fill-sort-key': ORDER } },
      { id: 'blocks-area-edge', type: 'line', source: 'blocks', filter: ['all', AREAS, RANKED], paint: { 'line-color': CASING, 'line-width': 0.6 } },
      { id: 'selected-line', type: 'line', source: 'selected', filter: ['!', POINTS],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': HALO, 'line-width': ['interpolate', ['exponential', 1.4], ['zoom'], 11, 9, 14, 14, 17, 24] } },
      { id: 'blocks-casing', type: 'line', source: 'blocks', filter: ['all', LINES, RANKED],
        layout: { 'line-cap': 'round', 'line-join': 'round', 'line-sort-key': ORDER }, paint: { 'line-color': CASING } },
      { id: 'blocks-line', type: 'line', source: 'blocks', filter: ['all', LINES, RANKED],
        layout: { 'line-cap': 'round', 'line-join': 'round', 'line-sort-key': ORDER } },
      { id: 'selected-point', type: 'circle', source: 'selected', filter: POINTS,
        paint: { 'circle-color': HALO, 'circle-radius': ['interpolate', ['exponential', 1.4], ['zoom'], 11, 7, 14, 11, 17, 18] } },
      { id: 'blocks-node', type: 'circle', source: 'blocks', filter: ['all', POINTS, RANKED],
        layout: { 'circle-sort-key': ORDER },
        paint: { 'circle-stroke-color': CASING, 'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 11, 0.5, 15, 1] } },
      visible({ id: 'clusters-edge', type: 'line', source: 'clusters', layout: { 'line-join': 'round' },
        paint: { 'line-width': 2, 'line-dasharray': [2.5, 1.5] } }),
      visible({ id: 'incidents', type: 'circle', source: 'incidents',
        paint: { 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 0.8,
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 1.3, 15, 3.5, 18, 6] } }),
    ],
  };
}

/**
 * The middle of a shape, and in pixels how far beside it a mark leaves it free.
 * @param {any} geometry
 * @returns {{at: [number, number], aside: [number, number]}}
 */
export function middle(geometry) {
  switch (geometry.type) {
    case 'Point': return { at: geometry.coordinates, aside: [11, -13] };
    case 'MultiPoint': return { at: geometry.coordinates[0], aside: [11, -13] };
    case 'LineString': return halfway(geometry.coordinates);
    case 'MultiLineString': return halfway(longest(geometry.coordinates));
    case 'Polygon': return inside(geometry.coordinates);
    case 'MultiPolygon': return inside(geometry.coordinates.reduce((/** @type {any} */ a, /** @type {any} */ b) => (around(b[0]) > around(a[0]) ? b : a)));
    default: return { at: [0, 0], aside: [0, 0] };
  }
}

/** @param {[number, number]} a @param {[number, number]} b in degrees of latitude */
function apart(a, b) {
  return Math.hypot((b[0] - a[0]) * Math.cos((a[1] * Math.PI) / 180), b[1] - a[1]);
}

/** @param {[number, number][]} line */
const around = (line) => line.slice(1).reduce((sum, point, index) => sum + apart(line[index], point), 0);

/** @param {[number, number][][]} lines */
const longest = (lines) => lines.reduce((a, b) => (around(b) > around(a) ? b : a));

/** @param {[number, number][]} line @returns {{at: [number, number], aside: [number, number]}} */
function halfway(line) {
  let left = around(line) / 2;
  for (let index = 1; index < line.length; index += 1) {
    const [a, b] = [line[index - 1], line[index]];
    const step = apart(a, b);
    if (step >= left && step > 0) {
      const part = left / step;
      // Across the line, to its upper side on the screen.
      const across = [(b[1] - a[1]) / step, ((b[0] - a[0]) * Math.cos((a[1] * Math.PI) / 180)) / step];
      const sign = across[1] > 0 || (across[1] === 0 && across[0] < 0) ? -1 : 1;
      return { at: [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part],
        aside: [Math.round(across[0] * sign * 17), Math.round(across[1] * sign * 17)] };
    }
    left -= step;
  }
  return { at: line[0], aside: [0, -17] };
}

/** The middle of the widest stretch of a level line through a polygon. @param {[number, number][][]} rings @returns {{at: [number, number], aside: [number, number]}} */
function inside(rings) {
  const heights = rings[0].map((point) => point[1]);
  const y = (Math.min(...heights) + Math.max(...heights)) / 2;
  const cuts = rings.flatMap((ring) => ring.slice(1).flatMap((b, index) => {
    const a = ring[index];
    return (a[1] > y) === (b[1] > y) ? [] : [a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0])];
  })).sort((a, b) => a - b);
  let best = [rings[0][0][0], rings[0][0][0]];
  for (let index = 0; index + 1 < cuts.length; index += 2) {
    if (cuts[index + 1] - cuts[index] >= best[1] - best[0]) best = [cuts[index], cuts[index + 1]];
  }
  return { at: [(best[0] + best[1]) / 2, y], aside: [11, -13] };
}
