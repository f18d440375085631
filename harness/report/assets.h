/* Files that are part of the program: the Makefile turns harness/report/html.css, html.js,
 * svg.css and diagram.css into these strings. */
#ifndef SIGMATRIX_ASSETS_H
#define SIGMATRIX_ASSETS_H

extern const char asset_html_css[], asset_html_js[], asset_svg_css[], asset_diagram_css[];

#endif
