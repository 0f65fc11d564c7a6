// kdbush and flatbush on xy.f64: node trees.mjs FOLDER. One line of JSON a job, CPU seconds the median of five.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const here = createRequire(pathToFileURL(`${process.cwd()}/`));
const load = async (name) => (await import(pathToFileURL(here.resolve(name)))).default;
const [KDBush, Flatbush] = [await load('kdbush'), await load('flatbush')];

const bytes = readFileSync(`${process.argv[2]}/xy.f64`);
const xy = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const n = xy.length / 2, asked = 10000, step = Math.floor(n / asked);

function time(name, job, found) {
  const laps = [];
  let answer;
  for (let lap = 0; lap < 5; lap++) {
    const before = process.cpuUsage();
    answer = job();
    const used = process.cpuUsage(before);
    laps.push((used.user + used.system) / 1e6);
  }
  laps.sort((a, b) => a - b);
  console.log(JSON.stringify({ name, cpu: laps[2], found: found(answer) }));
  return answer;
}

const each = (one) => () => {
  let hits = 0;
  for (let k = 0; k < asked; k++) hits += one(xy[2 * k * step], xy[2 * k * step + 1]);
  return hits;
};

const kd = time('kdbush-build', () => {
  const index = new KDBush(n);
  for (let k = 0; k < n; k++) index.add(xy[2 * k], xy[2 * k + 1]);
  return index.finish();
}, () => n);
time('kdbush-ids', each((x, y) => kd.within(x, y, 100).length), (hits) => hits);
const flat = time('flatbush-build', () => {
  const index = new Flatbush(n);
  for (let k = 0; k < n; k++) index.add(xy[2 * k], xy[2 * k + 1], xy[2 * k], xy[2 * k + 1]);
  index.finish();
  return index;
}, () => n);
time('flatbush-nearest', each((x, y) => flat.neighbors(x, y, 10).length), (hits) => hits);
