# What is left out of the sweep, so that a round is short: all that these cases
# do not touch.
elsewhere()
{
	for place in /* /etc/*/ /var/* /var/lib/* /root/* /root/.[!.]* /run/host; do
		place=${place%/}
		case $place in
		/etc | /etc/systemd | /var | /var/lib | /var/lib/sandbook) ;;
		/home | /root | /root/.local | /run | /proc) ;;
		*) printf ' --skip %s' "$place" ;;
		esac
	done
}
