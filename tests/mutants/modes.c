/* The modes of the terminal. */
#include "mutant.h"

#include <termios.h>
#include <unistd.h>

/* What the shell has set last, or found. */
static struct termios last;
static bool last_known, off_by_other;

int tcgetattr(int tty, struct termios *modes)
{
	int result = REAL(tcgetattr)(tty, modes);

	if (result != 0 || !in_main())
		return result;
	if (!last_known) {
		last = *modes;
		last_known = true;
	} else if (modes->c_lflag != last.c_lflag && LIE(modes_unseen)) {
		*modes = last;
	}
	return result;
}

int tcsetattr(int tty, int when, const struct termios *modes)
{
	struct termios now, lie = *modes;

	if (!in_main() || REAL(tcgetattr)(tty, &now) != 0)
		return REAL(tcsetattr)(tty, when, modes);
	if (last_known && (last.c_lflag & ECHO) && !(now.c_lflag & ECHO))
		off_by_other = true;
	if (off_by_other && (lie.c_lflag & ECHO) && LIE(modes_not_restored))
		lie.c_lflag &= ~(tcflag_t)ECHO;
	if (!(now.c_lflag & ICANON) && (lie.c_lflag & ICANON) && LIE(modes_left_raw))
		lie = now;
	last = *modes;
	last_known = true;
	return REAL(tcsetattr)(tty, when, &lie);
}
