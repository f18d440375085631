// Opens HTML reports in Chromium and checks them. One line a check: "ok NAME" or "not ok NAME: WHY".
//   node drive.mjs PAGE RESULTS [CHECK...]
// The browser is Debian's; CHROMIUM names another.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import assert from 'node:assert/strict';
import {chromium} from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [page, resultsFile, ...wanted] = process.argv.slice(2);
const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
const url = 'file://' + page;
// A busy machine is slow; only a hanging browser takes this long.
const PATIENCE = 100000;

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
	args: process.getuid() === 0 ? ['--no-sandbox'] : [],
	timeout: PATIENCE,
});

// Opens the page; what it complains about or asks of the network is in tab.noise.
async function open({hash = '', js = true, dark = false, phone = false} = {}) {
	const context = await browser.newContext({
		javaScriptEnabled: js,
		colorScheme: dark ? 'dark' : 'light',
		viewport: phone ? {width: 360, height: 740} : {width: 1440, height: 900},
	});
	const tab = await context.newPage();

	context.setDefaultTimeout(PATIENCE);
	tab.noise = [];
	tab.on('console', (message) => tab.noise.push(`console: ${message.text()}`));
	tab.on('pageerror', (error) => tab.noise.push(`error: ${error}`));
	tab.on('dialog', (dialog) => { tab.noise.push('dialog'); dialog.dismiss(); });
	tab.on('request', (request) => {
		if (request.url().split('#')[0] !== url)
			tab.noise.push(`request: ${request.url()}`);
	});
	await tab.goto(url + hash, {timeout: PATIENCE});
	return tab;
}

async function close(tab) {
	assert.deepEqual(tab.noise, []);
	await tab.context().close();
}

const shown = (tab) => tab.$$eval('tr.r', (rows) =>
	rows.filter((row) => row.checkVisibility()).map((row) => row.className));

async function choose(tab, id) {
	await tab.locator(`label:has(#show-${id}) span`).click();
}

// Filters by what the results say, so that a page that shows too much or too little is found out.
async function filters(js) {
	const tab = await open({js});
	const all = await shown(tab);
	const columns = results.shells.filter((shell) => !shell.missing).map((shell) => shell.name);

	await choose(tab, 'violates');
	let rows = await shown(tab);
	assert.ok(rows.length > 0 && rows.length < all.length);
	assert.deepEqual(rows, all.filter((name) => / rv\b/.test(name)));
	const violating = new Set(results.cells.filter((cell) => cell.verdict === 'violates')
		.map((cell) => cell.case));
	assert.equal(new Set(await tab.$$eval('tr.r', (list) => list.filter((row) =>
		row.checkVisibility()).map((row) => row.querySelector('th a').hash))).size, violating.size);
	await choose(tab, 'all');
	for (const [index, name] of columns.entries()) {
		const has = results.cells.some((cell) => cell.shell === name && cell.verdict === 'violates');

		await tab.selectOption('#shell', {index: index + 1});
		rows = await shown(tab);
		assert.deepEqual(rows, all.filter((text) => text.split(' ').includes(`x${index}`)));
		assert.ok(!has || rows.length > 0, `no deviation of ${name}`);
	}
	await tab.selectOption('#shell', {index: 0});
	await tab.selectOption('#group', {index: 1});
	rows = await shown(tab);
	const first = [...new Set(results.cases.map((record) => record.group))].sort()[0];
	const groups = await tab.$$eval('.g', (list) => list.filter((group) => group.checkVisibility())
		.map((group) => group.querySelector('h3').textContent));
	assert.deepEqual(groups, [first]);
	await choose(tab, 'differ');
	assert.ok((await shown(tab)).length <= rows.length);
	// The page hears of a reset before the form has its old values, and looks again afterwards.
	await tab.locator('button[type=reset]').click();
	await tab.waitForFunction((count) => [...document.querySelectorAll('tr.r')]
		.filter((row) => row.checkVisibility()).length === count, all.length);
	assert.deepEqual(await shown(tab), all);
	await close(tab);
}

// A cell, followed by its link, shows its evidence beside the matrix.
async function cell(js, phone) {
	const tab = await open({js, phone});
	const link = tab.locator('.r td.v a').first();
	const id = (await link.getAttribute('href')).slice(1);
	const target = tab.locator(`[id="${id}"]`);

	assert.ok(!await target.isVisible());
	await link.click();
	await target.waitFor({state: 'visible'});
	const evidence = tab.locator('details.case', {has: target});
	assert.ok(await evidence.locator('h4:text("What was seen")').isVisible());
	assert.ok(await evidence.locator('h4:text("Scene")').count() === 1);
	assert.match(await tab.locator('.e', {has: target}).innerText(), /Why /);
	const picture = tab.locator('.e', {has: target}).locator('svg.tl').first();
	await picture.waitFor({state: 'visible'});
	assert.match(await picture.getAttribute('aria-label'), /^Timeline of /);
	assert.ok(await picture.locator('text').count() > 3);
	const wide = await overflow(tab);
	assert.deepEqual(wide, []);
	await evidence.locator('.close').click();
	await tab.waitForFunction((name) => getComputedStyle(document.getElementById(name)
		.closest('.case')).position === 'static', id);
	await close(tab);
}

// Elements that make the page itself scroll sideways.
async function overflow(tab) {
	return tab.evaluate(() => {
		const root = document.documentElement;

		return root.scrollWidth > root.clientWidth ? [root.scrollWidth, root.clientWidth] : [];
	});
}

async function axe(tab) {
	await tab.evaluate(axeSource);
	const report = await tab.evaluate(() => window.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}));

	assert.ok(report.passes.length > 10);
	return report.violations.map((violation) => `${violation.id}: ${violation.nodes.length} x ` +
		violation.nodes[0].html.slice(0, 100) + ' ' + (violation.nodes[0].failureSummary || '')
			.slice(0, 200));
}

const checks = {
	async 'opens'() {
		const tab = await open();
		const rows = await shown(tab);
		const texts = await tab.$$eval('.r td', (cells) => cells.map((each) => each.textContent));

		assert.ok(rows.length > 0);
		for (const text of texts)
			assert.match(text, /^[✓·✗○?!~–…] ./u);
		assert.equal(await tab.locator('#count').textContent(), `${rows.length} rows`);
		await close(tab);
	},
	async 'opens-without-script'() {
		const tab = await open({js: false});

		assert.ok(await tab.locator('.r').first().isVisible());
		assert.ok(!await tab.locator('#searching').isVisible());
		await close(tab);
	},
	async 'counts'() {
		const tab = await open();
		const seen = await tab.$$eval('.e', (list) => list.flatMap((each) =>
			Array(each.querySelectorAll('.w span[id]').length)
				.fill(each.querySelector('b').textContent.slice(2))));
		const present = new Set(results.shells.filter((s) => !s.missing).map((s) => s.name));
		const word = (each) => each.outcome !== 'unstable' ? each.outcome :
			Object.entries(each.runs).sort((a, b) => b[1] - a[1])
				.map(([label, count]) => `${label} ${count}`).join('/');
		const expected = results.cells.filter((each) => present.has(each.shell)).map(word);

		assert.equal(seen.length, expected.length);
		assert.deepEqual(seen.sort(), expected.sort());
		await close(tab);
	},
	'filters': () => filters(true),
	'filters-without-script': () => filters(false),
	'cell': () => cell(true),
	'cell-without-script': () => cell(false),
	'cell-on-a-phone': () => cell(true, true),
	async 'anchors'() {
		const tab = await open({js: false});
		const lost = await tab.$$eval('a[href]', (links) => links.map((link) =>
			link.getAttribute('href')).filter((href) =>
			href[0] !== '#' || !document.getElementById(href.slice(1))));
		const ids = await tab.$$eval('[id]', (list) => list.map((each) => each.id));

		assert.deepEqual(lost, []);
		assert.equal(new Set(ids).size, ids.length);
		await close(tab);
		const id = ids.filter((each) => each.startsWith('cell-')).at(-1);
		for (const js of [true, false]) {
			const there = await open({hash: '#' + id, js});

			await there.locator(`[id="${id}"]`).waitFor({state: 'visible'});
			await close(there);
		}
	},
	async 'keys'() {
		const tab = await open();
		const focused = () => tab.evaluate(() => document.activeElement.textContent);
		const link = tab.locator('.r td a').first();

		await tab.keyboard.press('Tab');
		assert.equal(await focused(), 'Skip to the matrix');
		await link.focus();
		const before = await focused();
		await tab.keyboard.press('ArrowDown');
		await tab.keyboard.press('ArrowUp');
		assert.equal(await focused(), before);
		await tab.keyboard.press('Enter');
		await tab.locator('details.case[open]').first().waitFor({state: 'visible'});
		// The browser opens it by itself, before the script hears of the new fragment.
		await tab.waitForFunction(() => document.activeElement.tagName === 'SUMMARY');
		await tab.keyboard.press('Escape');
		assert.equal(await focused(), before);
		await close(tab);
	},
	async 'search'() {
		const tab = await open();
		const name = results.cases.at(-1).name.split('/').at(-1);
		const all = await shown(tab);

		await tab.fill('#search', name);
		const found = await shown(tab);
		assert.ok(found.length > 0 && found.length < all.length);
		assert.match(await tab.locator('#count').textContent(), /^\d+ of \d+ rows$/);
		await tab.fill('#search', 'no such thing at all');
		assert.deepEqual(await shown(tab), []);
		assert.ok(await tab.locator('.none').isVisible());
		await close(tab);
	},
	async 'dark'() {
		const light = await open(), dark = await open({dark: true});
		const colour = (tab) => tab.evaluate(() =>
			getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));

		assert.ok((await colour(light))[0] > 200);
		assert.ok((await colour(dark))[0] < 60);
		await close(light);
		await close(dark);
	},
	async 'phone'() {
		for (const js of [true, false]) {
			const tab = await open({js, phone: true});

			assert.deepEqual(await overflow(tab), []);
			assert.ok(await tab.$eval('.m', (matrix) => matrix.scrollWidth > matrix.clientWidth));
			await close(tab);
		}
	},
	async 'accessible'() {
		for (const how of [{}, {dark: true}, {phone: true}]) {
			const tab = await open(how);

			assert.deepEqual(await axe(tab), []);
			await tab.locator('.r td a').first().click();
			await tab.evaluate(() => {
				for (const details of document.querySelectorAll('details'))
					details.open = true;
			});
			assert.deepEqual(await axe(tab), []);
			await close(tab);
		}
	},
	// Hostile text is text: nothing runs, nothing is loaded, nothing becomes an element.
	async 'harmless'() {
		for (const js of [true, false]) {
			const tab = await open({js});

			await tab.evaluate(() => {
				for (const details of document.querySelectorAll('details'))
					details.open = true;
			});
			assert.equal(await tab.title(), 'What shells do with signals');
			assert.equal(await tab.locator('script').count(), 1);
			assert.equal(await tab.locator('style').count(), 3);
			assert.equal(await tab.locator('img,iframe,object,embed,link,base').count(), 0);
			assert.deepEqual(await tab.$$eval('*', (list) => list.flatMap((each) =>
				Array.from(each.attributes, (attribute) => attribute.name))
				.filter((name) => /^on|^style$/.test(name))), []);
			await close(tab);
		}
	},
	async 'large'() {
		const begin = Date.now(), tab = await open();
		const nodes = await tab.evaluate(() => document.querySelectorAll('*').length);

		console.log(`# opened after ${Date.now() - begin} ms, ${nodes} elements`);
		assert.ok(nodes < 200000);
		assert.equal(await tab.locator('.w span[id^="cell-"]').count(), results.cells.length);
		await close(tab);
	},
};

for (const name of wanted.length ? wanted : Object.keys(checks)) {
	try {
		await checks[name]();
		console.log(`ok ${name}`);
	} catch (error) {
		console.log(`not ok ${name}: ${String(error.message).replace(/\n/g, '\n    ')}`);
	}
}
await browser.close();
