/*
 * What stands first in PATH, under the names of ssh and its like, in a run that
 * is to stay off the network and that nothing keeps off it: says so, and ends
 * as ssh does that could not connect. Advice, and no boundary.
 */
#include <stdio.h>

#include "engine/banned.h"

int main(void)
{
	(void)fputs("sandbook: this run is to stay off the network "
		    "(SANDBOOK_NETWORK), so this program is not started\n",
		    stderr);
	return 255;
}
