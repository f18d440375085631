// What the page does better with a script: text search, a count of rows, pictures that are made when
// they are looked at, arrow keys, Escape. The filters themselves are CSS.
(function () {
'use strict';
const one = (selector, from) => (from || document).querySelector(selector);
const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));
const search = one('#search'), group = one('#group'), shell = one('#shell');
const matrix = one('.m'), sections = all('.g');
const classes = {'show-differ': 'rd', 'show-violates': 'rv', 'show-permitted': 'rp',
	'show-doubt': 'rq'};
let texts = null, from = null;

function textOf(row) {
	texts = texts || new WeakMap();
	if (!texts.has(row))
		texts.set(row, row.textContent.toLowerCase());
	return texts.get(row);
}

// Hides what the search does not find, and groups in which nothing is left; counts rows.
function apply() {
	const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	const show = classes[one('[name=show]:checked').id];
	const deviant = shell.selectedIndex ? 'x' + (shell.selectedIndex - 1) : null;
	let count = 0, total = 0;

	sections.forEach((section, number) => {
		let here = 0;

		all('.r', section).forEach((row) => {
			const found = !words.length || words.every((word) => textOf(row).includes(word));
			const chosen = (!show || row.classList.contains(show)) &&
				(!deviant || row.classList.contains(deviant)) &&
				(!group.selectedIndex || group.selectedIndex - 1 === number);

			row.hidden = !found;
			here += found && chosen;
			total++;
		});
		section.hidden = !here;
		count += here;
	});
	document.body.classList.toggle('empty', !count);
	one('#count').textContent = count === total ? total + ' rows' : count + ' of ' + total + ' rows';
}

// Pictures are text until their case is opened: thousands of lines would be slow to load.
function unwrap(details) {
	all('noscript', details).forEach((hidden) => {
		const template = document.createElement('template');

		template.innerHTML = hidden.textContent;
		hidden.replaceWith(template.content);
	});
}

function target() {
	try {
		return document.getElementById(decodeURIComponent(location.hash.slice(1)));
	} catch (error) {
		return null;
	}
}

function reveal() {
	const element = target(), details = element && element.closest('.case,.shell');

	document.body.classList.toggle('beside', Boolean(details && details.matches('.case')));
	if (!details)
		return;
	details.open = true;
	unwrap(details);
	if (details.matches('.case'))
		one('summary', details).focus({preventScroll: true});
	element.scrollIntoView({block: element === details ? 'start' : 'center'});
}

// Back to the cell one came from, with the matrix where it was.
function close(link) {
	const top = matrix.scrollTop, left = matrix.scrollLeft, page = window.scrollY;

	location.hash = link.hash;
	matrix.scrollTo(left, top);
	window.scrollTo(window.scrollX, page);
	(from && from.isConnected ? from : one('th a', target()))?.focus({preventScroll: true});
}

function move(cell, key) {
	const row = cell.parentElement;
	let other = cell;

	if (key === 'ArrowRight')
		other = cell.nextElementSibling;
	else if (key === 'ArrowLeft')
		other = cell.previousElementSibling;
	else {
		const rows = all('.r').filter((each) => each.checkVisibility());
		const next = rows[rows.indexOf(row) + (key === 'ArrowDown' ? 1 : -1)];

		other = next && next.children[cell.cellIndex];
	}
	const link = other && one('a', other);

	if (link)
		link.focus();
	return Boolean(link);
}

document.addEventListener('toggle', (event) => {
	if (event.target.matches('.case[open]'))
		unwrap(event.target);
}, true);
document.addEventListener('click', (event) => {
	const link = event.target.closest && event.target.closest('a[href^="#"]');

	if (!link)
		return;
	if (link.matches('.close')) {
		event.preventDefault();
		close(link);
	} else if (matrix.contains(link)) {
		from = link;
	}
});
document.addEventListener('keydown', (event) => {
	if (event.altKey || event.ctrlKey || event.metaKey)
		return;
	if (event.key === 'Escape') {
		const details = target() && target().closest('.case');

		if (details)
			close(one('.close', details));
	} else if (/^Arrow/.test(event.key)) {
		const cell = event.target.closest && event.target.closest('.r>td,.r>th');

		if (cell && move(cell, event.key))
			event.preventDefault();
	}
});
window.addEventListener('hashchange', reveal);
search.addEventListener('input', apply);
one('.filters').addEventListener('change', apply);
one('.filters').addEventListener('submit', (event) => event.preventDefault());
one('.filters').addEventListener('reset', () => setTimeout(apply));
one('#searching').hidden = false;
apply();
reveal();
// A link to a cell shows its row behind it, too.
if (target() && target().closest('.case'))
	document.getElementById(one('.close', target().closest('.case')).hash.slice(1))
		?.scrollIntoView({block: 'center'});
})();
