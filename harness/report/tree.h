/* A directory of pages. It grows under a temporary name beside its place and is renamed when all of
 * it is there: a reader sees the old directory or the new one. What stands in its place is replaced
 * only if all that is in it was written by us. */
#ifndef SIGMATRIX_TREE_H
#define SIGMATRIX_TREE_H

#include <stdio.h>

struct tree;

/* A talloc child of parent, which takes the unfinished directory away when it is freed. NULL and in
 * *fault why (talloc child of parent): the place is taken by something of others, or nothing can be
 * written there. */
struct tree *tree_open(const void *parent, const char *path, const char **fault);

/* A file of the tree, for writing; missing directories are made. 'name' is relative to the tree and
 * made of tree_name()s and slashes. Never NULL; errors are kept until tree_finish(). */
FILE *tree_file(struct tree *tree, const char *name);
/* Closes it. */
void tree_file_end(struct tree *tree, FILE *file);

/* Puts the tree in its place. 0, or -errno of whatever failed first since tree_open(). */
int tree_finish(struct tree *tree);

/* Any text as a part of a file's name: lower-case letters, digits and '-' stay, other bytes become
 * "_xx", what is long ends in a checksum. Different texts have different names, on file systems
 * that ignore case too. talloc child of parent. */
char *tree_name(const void *parent, const char *text);

#endif
