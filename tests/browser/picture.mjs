/** Takes the picture of the README: `node picture.mjs FILE`. */
import { startBrowser, startService } from './service.mjs';

const file = process.argv[2] ?? 'map.png';
const service = await startService();
const browser = await startBrowser();
try {
  const page = await (await browser.context({ viewport: { width: 1280, height: 760 } })).newPage();
  await page.goto(service.url);
  await page.waitForSelector('body[data-ready="true"]', { timeout: 120_000 });
  await page.screenshot({ path: file });
} finally {
  await browser.stop();
  await service.stop();
}
