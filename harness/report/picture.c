#include "picture.h"

#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "../model/case.h"
#include "escape.h"

/* In pixels. More lanes or rows than fit a screen would hide what matters; what is beyond them is
 * counted. */
enum {
	LANES_MAX = 8,
	ROWS_MAX = 90,
	GUTTER = 176, /* for steps and marks, left of the lanes */
	LANE = 124,
	ROW = 17,
	TOP = 34,
	TEXT_MAX = 60 /* bytes of a label */
};

struct lane {
	const char *name; /* of the events */
	int born, ended;  /* y; 0: not yet */
};

/* Strokes of one kind become one path: a picture of twenty events has a dozen elements. */
enum stroke {
	STROKE_LIFE,
	STROKE_HOLD,
	STROKE_FORK,
	STROKE_SIGNAL,
	STROKE_FAINT,
	STROKE_END,
	STROKE_LOOK,
	STROKE_COUNT
};

struct canvas {
	struct lane lanes[LANES_MAX];
	size_t lane_count, rows, left_out;
	int y;
	int holder, held_from; /* index of a lane, -1: nobody known */
	FILE *strokes[STROKE_COUNT], *texts;
	char *stroke_data[STROKE_COUNT], *text_data;
	size_t stroke_size[STROKE_COUNT], text_size;
};

static const char *member(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

static bool member_is(const json_t *event, const char *key, const char *value)
{
	return !strcmp(member(event, key), value);
}

/* Lanes ------------------------------------------------------------------------------------- */

static int lane_of(struct canvas *canvas, const char *name)
{
	size_t i = 0;

	if (!*name)
		return -1;
	while (i < canvas->lane_count && strcmp(canvas->lanes[i].name, name))
		i++;
	if (i == LANES_MAX)
		return -1;
	if (i == canvas->lane_count)
		canvas->lanes[canvas->lane_count++] = (struct lane){.name = name};
	return (int)i;
}

static int lane_x(int lane)
{
	return GUTTER + LANE / 2 + lane * LANE;
}

static void live(struct canvas *canvas, int lane)
{
	if (lane >= 0 && !canvas->lanes[lane].born)
		canvas->lanes[lane].born = canvas->y;
}

/* Marks on the canvas ----------------------------------------------------------------------- */

static void put_text(struct canvas *canvas, const char *kind, int x, int y, const char *text)
{
	char cut[TEXT_MAX + 1];
	size_t length = strnlen(text, TEXT_MAX);

	/* Not within a character. */
	while (length && text[length] && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	memcpy(cut, text, length);
	cut[length] = '\0';
	fprintf(canvas->texts, "<text%s x=\"%d\" y=\"%d\">", kind, x, y);
	put_format(canvas->texts, DIALECT_HTML, "%s%s", cut, text[length] ? "…" : "");
	fputs("</text>", canvas->texts);
}

static void put_arrow(struct canvas *canvas, enum stroke stroke, int from, int to)
{
	int x = lane_x(from), end = lane_x(to), back = end > x ? -5 : 5;

	if (from == to)
		fprintf(canvas->strokes[stroke], "M%d %dh14v6h-12m4-3l-4 3 4 3", x, canvas->y - 4);
	else
		fprintf(canvas->strokes[stroke], "M%d %dH%dm%d-3l%d 3 %d 3", x, canvas->y, end,
			back, -back, back);
}

static void put_arrow_text(struct canvas *canvas, int from, int to, const char *text)
{
	int left = lane_x(from < to ? from : to);

	put_text(canvas, "", left + (from == to ? 18 : 8), canvas->y - (from == to ? -3 : 3), text);
}

static void put_note(struct canvas *canvas, int lane, const char *text)
{
	fprintf(canvas->strokes[STROKE_END], "M%d %dh5", lane_x(lane), canvas->y);
	put_text(canvas, "", lane_x(lane) + 8, canvas->y + 4, text);
}

static void hold(struct canvas *canvas, int lane)
{
	if (canvas->holder == lane)
		return;
	if (canvas->holder >= 0)
		fprintf(canvas->strokes[STROKE_HOLD], "M%d %dV%d", lane_x(canvas->holder),
			canvas->held_from, canvas->y);
	canvas->holder = lane;
	canvas->held_from = canvas->y;
}

/* Events ------------------------------------------------------------------------------------ */

/* Each draws one event and says whether it took a row. */

static bool draw_step(struct canvas *canvas, const json_t *event)
{
	fprintf(canvas->strokes[STROKE_LOOK], "M4 %dH%d", canvas->y - 12, GUTTER - 8);
	put_text(canvas, " class=\"st\"", 4, canvas->y + 2, member(event, "text"));
	return true;
}

static bool draw_mark(struct canvas *canvas, const json_t *event)
{
	char text[2 * TEXT_MAX + 8];
	const char *value = member(event, "value");

	snprintf(text, sizeof(text), "✎ %.*s%s%.*s", TEXT_MAX, member(event, "text"),
		*value ? "=" : "", TEXT_MAX, value);
	put_text(canvas, "", 16, canvas->y + 2, text);
	return true;
}

static bool draw_stuck(struct canvas *canvas, const json_t *event)
{
	put_text(canvas, " class=\"bad\"", 16, canvas->y + 2, member(event, "text"));
	return true;
}

static bool draw_look(struct canvas *canvas, const json_t *event)
{
	(void)event;
	fprintf(canvas->strokes[STROKE_LOOK], "M%d %dH%d", GUTTER, canvas->y - 6,
		GUTTER + (int)canvas->lane_count * LANE);
	return false;
}

static bool draw_fork(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	int other = lane_of(canvas, member(event, "other"));

	if (who < 0 || other < 0)
		return false;
	live(canvas, who);
	if (other != who)
		canvas->lanes[other].ended = 0;
	live(canvas, other);
	put_arrow(canvas, STROKE_FORK, who, other);
	put_arrow_text(canvas, who, other, "fork");
	return true;
}

static bool draw_exec(struct canvas *canvas, const json_t *event)
{
	char text[2 * TEXT_MAX];
	const char *path = member(event, "text"), *base = strrchr(path, '/');
	int who = lane_of(canvas, member(event, "who"));

	if (who < 0)
		return false;
	live(canvas, who);
	snprintf(text, sizeof(text), "exec %.*s", TEXT_MAX, base ? base + 1 : path);
	put_note(canvas, who, text);
	return true;
}

/* Where the tracer looked on, an actor's own report of the same is its answer to it. */
static bool draw_signal(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	int from = lane_of(canvas, member(event, "other"));
	bool chld = member_is(event, "signal", "CHLD");
	json_int_t more = json_integer_value(json_object_get(event, "more"));
	char text[TEXT_MAX];

	if (who < 0)
		return false;
	live(canvas, who);
	live(canvas, from);
	if (member_is(event, "source", "actor")) {
		snprintf(text, sizeof(text), "got %.40s", member(event, "signal"));
		put_note(canvas, who, text);
		return true;
	}
	if (more > 0)
		snprintf(text, sizeof(text), "%.30s ×%lld", member(event, "signal"),
			(long long)more + 1);
	else
		snprintf(text, sizeof(text), "%.40s", member(event, "signal"));
	from = from < 0 ? who : from;
	put_arrow(canvas, chld ? STROKE_FAINT : STROKE_SIGNAL, from, who);
	put_arrow_text(canvas, from, who, text);
	return true;
}

/* The delivery that follows is drawn; a call that sent nothing to one process is not followed. */
static bool draw_kill(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	const char *result = member(event, "result"), *signal = member(event, "signal");
	char text[2 * TEXT_MAX];

	if (who < 0 || (!*result && !json_is_true(json_object_get(event, "group"))))
		return false;
	live(canvas, who);
	snprintf(text, sizeof(text), "kill %s%.20s%s%.12s", *signal ? "" : "-0 ", signal,
		json_is_true(json_object_get(event, "group")) ? " group" : "", "");
	if (*result)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %.20s", result);
	put_note(canvas, who, text);
	return true;
}

static bool draw_setpgid(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	char text[2 * TEXT_MAX];
	bool self = member_is(event, "other", member(event, "who"));

	if (who < 0 || *member(event, "result"))
		return false;
	live(canvas, who);
	if (self && member_is(event, "leader", member(event, "who")))
		snprintf(text, sizeof(text), "own group");
	else if (member_is(event, "leader", member(event, "other")))
		snprintf(text, sizeof(text), "groups %.40s", member(event, "other"));
	else
		snprintf(text, sizeof(text), "group: %.24s → %.24s",
			self ? "itself" : member(event, "other"), member(event, "leader"));
	put_note(canvas, who, text);
	return true;
}

static bool draw_tcsetpgrp(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	int other = lane_of(canvas, member(event, "other"));

	if (who < 0 || other < 0 || *member(event, "result"))
		return false;
	live(canvas, who);
	live(canvas, other);
	hold(canvas, other);
	put_arrow(canvas, STROKE_FAINT, who, other);
	put_arrow_text(canvas, who, other, who == other ? "takes the tty" : "gives the tty");
	return true;
}

static bool draw_tty(struct canvas *canvas, const json_t *event)
{
	const char *holder = member(event, "holder");

	/* One who does nothing else needs no lane. */
	for (size_t i = 0; i < canvas->lane_count; i++)
		if (!strcmp(canvas->lanes[i].name, holder))
			hold(canvas, (int)i);
	return false;
}

static bool draw_ended(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	json_int_t number = json_integer_value(json_object_get(event, "number"));
	const char *signal = number > 0 && number < 100 ? signal_name((int)number) : NULL;
	char text[TEXT_MAX];

	if (who < 0 || canvas->lanes[who].ended)
		return false;
	live(canvas, who);
	if (member_is(event, "how", "s") && signal)
		snprintf(text, sizeof(text), "dies of %.20s", signal);
	else if (member_is(event, "how", "e"))
		snprintf(text, sizeof(text), "exit %d", (int)number);
	else
		snprintf(text, sizeof(text), "ends");
	fprintf(canvas->strokes[STROKE_END], "M%d %dl6 6m0-6l-6 6", lane_x(who) - 3, canvas->y - 3);
	put_text(canvas, "", lane_x(who) + 8, canvas->y + 4, text);
	canvas->lanes[who].ended = canvas->y;
	if (canvas->holder == who)
		hold(canvas, -1);
	return true;
}

static bool draw_stopped(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	char text[TEXT_MAX];

	if (who < 0)
		return false;
	live(canvas, who);
	snprintf(text, sizeof(text), "%s %.20s",
		member_is(event, "kind", "stopped") ? "stopped" : "goes on",
		member(event, "signal"));
	put_note(canvas, who, text);
	return true;
}

static bool draw_did(struct canvas *canvas, const json_t *event)
{
	int who = lane_of(canvas, member(event, "who"));
	char text[2 * TEXT_MAX];

	if (who < 0)
		return false;
	live(canvas, who);
	snprintf(text, sizeof(text), "%.20s: %lld", member(event, "text"),
		(long long)json_integer_value(json_object_get(event, "number")));
	put_note(canvas, who, text);
	return true;
}

static const struct {
	const char *kind;
	bool (*draw)(struct canvas *canvas, const json_t *event);
} drawings[] = {{"step", draw_step}, {"mark", draw_mark}, {"stuck", draw_stuck},
	{"timeout", draw_stuck}, {"missed", draw_stuck}, {"look", draw_look}, {"fork", draw_fork},
	{"exec", draw_exec}, {"signal", draw_signal}, {"kill", draw_kill},
	{"setpgid", draw_setpgid}, {"tcsetpgrp", draw_tcsetpgrp}, {"tty", draw_tty},
	{"ended", draw_ended}, {"stopped", draw_stopped}, {"continued", draw_stopped},
	{"did", draw_did}};

static void draw(struct canvas *canvas, const json_t *event)
{
	for (size_t i = 0; i < sizeof(drawings) / sizeof(*drawings); i++) {
		if (!member_is(event, "kind", drawings[i].kind))
			continue;
		if (canvas->rows == ROWS_MAX)
			canvas->left_out++;
		else if (drawings[i].draw(canvas, event)) {
			canvas->rows++;
			canvas->y += ROW;
		}
	}
}

/* Those everybody asks for come first, from the left. */
static void choose_lanes(struct canvas *canvas, const json_t *events)
{
	static const char *const first[] = {"harness", "tty", "shell", "link"};
	size_t i;
	json_t *event;

	for (size_t k = 0; k < sizeof(first) / sizeof(*first); k++) {
		bool seen = false;

		json_array_foreach(events, i, event)
		{
			seen |= member_is(event, "kind", "signal") &&
				member_is(event, "other", first[k]);
			seen |= member_is(event, "who", first[k]);
		}
		if (seen)
			lane_of(canvas, first[k]);
	}
}

/* The picture ------------------------------------------------------------------------------- */

static bool open_canvas(struct canvas *canvas)
{
	canvas->texts = open_memstream(&canvas->text_data, &canvas->text_size);
	for (int i = 0; i < STROKE_COUNT; i++) {
		canvas->strokes[i] =
			open_memstream(&canvas->stroke_data[i], &canvas->stroke_size[i]);
		if (!canvas->strokes[i])
			abort();
	}
	return canvas->texts != NULL;
}

static void close_canvas(struct canvas *canvas)
{
	fclose(canvas->texts);
	for (int i = 0; i < STROKE_COUNT; i++)
		fclose(canvas->strokes[i]);
}

static void free_canvas(struct canvas *canvas)
{
	free(canvas->text_data);
	for (int i = 0; i < STROKE_COUNT; i++)
		free(canvas->stroke_data[i]);
}

static void draw_lives(struct canvas *canvas)
{
	for (size_t i = 0; i < canvas->lane_count; i++) {
		const struct lane *lane = &canvas->lanes[i];
		int x = lane_x((int)i);

		fprintf(canvas->texts, "<text class=\"ln\" x=\"%d\" y=\"16\">", x);
		put_safe(canvas->texts, DIALECT_HTML, lane->name);
		fputs("</text>", canvas->texts);
		fprintf(canvas->strokes[STROKE_LIFE], "M%d %dV%d", x, lane->born ? lane->born : TOP,
			lane->ended ? lane->ended : canvas->y);
	}
}

void put_picture_open(FILE *out, int width, int height, const char *label, bool alone)
{
	fprintf(out, "<svg%s class=\"tl\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"",
		alone ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", width, height, width, height);
	put_format(out, DIALECT_HTML, " role=\"img\" aria-label=\"%s\">", label);
	if (alone)
		fprintf(out, "<style>%s</style>", asset_svg_css);
}

static void put_canvas(FILE *out, const struct canvas *canvas, const char *label, bool alone)
{
	static const char *const kinds[] = {"li", "ho", "fo", "si", "fa", "en", "lo"};
	int width = GUTTER + (int)canvas->lane_count * LANE + LANE / 2, height = canvas->y + 6;

	put_picture_open(out, width, height, label, alone);
	for (int i = 0; i < STROKE_COUNT; i++)
		if (canvas->stroke_size[i])
			fprintf(out, "<path class=\"%s\" d=\"%s\"/>", kinds[i],
				canvas->stroke_data[i]);
	fputs(canvas->text_data, out);
	fputs("</svg>", out);
}

bool put_picture(FILE *out, const json_t *events, const char *label, bool alone)
{
	struct canvas canvas = {.y = TOP + ROW, .holder = -1};
	size_t i;
	json_t *event;

	if (!json_array_size(events) || !open_canvas(&canvas))
		return false;
	choose_lanes(&canvas, events);
	json_array_foreach(events, i, event)
	{
		draw(&canvas, event);
	}
	hold(&canvas, -1);
	if (canvas.left_out) {
		char text[TEXT_MAX];

		snprintf(text, sizeof(text), "… and %zu events more", canvas.left_out);
		put_text(&canvas, "", 4, canvas.y + 2, text);
		canvas.y += ROW;
	}
	draw_lives(&canvas);
	close_canvas(&canvas);
	if (canvas.rows)
		put_canvas(out, &canvas, label, alone);
	free_canvas(&canvas);
	return canvas.rows > 0;
}
