/* A timeline as a picture: a line for each participant, time going down, who holds the terminal as
 * a bar, signals and forks as arrows. */
#ifndef SIGMATRIX_PICTURE_H
#define SIGMATRIX_PICTURE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* Puts one SVG element made of the "events" of a timeline, which nobody has checked. 'label' says
 * in words what it shows. 'alone': a document of its own, which brings its style; else it is part
 * of a page that has it. False when there is nothing to show; then nothing is put. */
bool put_picture(FILE *out, const json_t *events, const char *label, bool alone);

/* The beginning of an SVG element, "<svg ...>", and of a document its style; sizes in pixels. */
void put_picture_open(FILE *out, int width, int height, const char *label, bool alone);

#endif
