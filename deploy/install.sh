#!/bin/sh
# Make this machine a door unit, upgrade it, go back, or take onelook away.
#
#   sudo deploy/install.sh                     install, or upgrade to this checkout
#   sudo deploy/install.sh --wheelhouse DIR    the same without a network: DIR holds the wheels
#   sudo deploy/install.sh --revert            back to what ran before the last upgrade
#   sudo deploy/install.sh --uninstall --keep-data | --purge
#
#   --yes         add the lines to config.txt and install apt's packages without asking
#   --no-start    install, but do not start the services
#
# Doing it twice does nothing the second time. /etc/onelook and /var/lib/onelook are never written
# over; each version lies in its own folder under /opt/onelook/versions.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$here")
home=/opt/onelook
units="onelook-eye.service onelook.service"
wanted_units="onelook-hooks.service onelook-mqtt.service" # only if their owner enables them
passive_units="onelook-tell.socket onelook-tell@.service" # started by those
least_free_mb=700
boot_config=/boot/firmware/config.txt
apt_packages="python3-systemd"                              # in Debian
pi_packages="python3-lgpio python3-picamera2"               # in Raspberry Pi's archive only

say() { printf '%s\n' "$*"; }
refuse() { # exit code, what, remedy
    printf 'install: %s\n%s\n' "$2" "$3" >&2
    exit "$1"
}

action=install wheelhouse='' yes=no start=yes data=''
while [ $# -gt 0 ]; do
    case $1 in
    --wheelhouse)
        [ $# -gt 1 ] || refuse 2 "--wheelhouse needs a folder." "See: head -20 $0"
        wheelhouse=$2
        shift
        ;;
    --revert) action=revert ;;
    --uninstall) action=uninstall ;;
    --keep-data) data=keep ;;
    --purge) data=purge ;;
    --yes) yes=yes ;;
    --no-start) start=no ;;
    -h | --help)
        sed -n '2,15s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *) refuse 2 "$1 is no option." "See: $0 --help" ;;
    esac
    shift
done

ask() { # a question; true for yes
    [ "$yes" = yes ] && return 0
    [ -t 0 ] || return 1
    printf '%s [y/N] ' "$1"
    read -r answer
    case $answer in [yY]*) return 0 ;; *) return 1 ;; esac
}

# Everything that can be refused is refused here, before anything is touched.
check() {
    [ "$(id -u)" = 0 ] || refuse 77 "root's rights are needed." "sudo $0"
    [ -d /run/systemd/system ] || refuse 1 "systemd does not run here." \
        "onelook's services need it; to try the door out: make demo"
    case $(uname -m) in
    aarch64 | x86_64) ;;
    *) refuse 1 "$(uname -m) is not supported: LiteRT has no wheels for it." \
        "Install the 64-bit Raspberry Pi OS." ;;
    esac
    [ "$(getconf LONG_BIT)" = 64 ] || refuse 1 "a 32-bit system is not supported." \
        "Install the 64-bit Raspberry Pi OS."
    suite=$(. /etc/os-release && printf %s "${VERSION_CODENAME:-}")
    case $suite in
    bookworm | trixie) ;;
    *) refuse 1 "${suite:-this system} is not supported: only bookworm and trixie were tried." \
        "Install Raspberry Pi OS bookworm or trixie, 64-bit." ;;
    esac
    python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        refuse 1 "python3 is $(python3 --version 2>&1), and 3.11 to 3.13 is needed." \
            "Install the system's own python3."
    if [ -n "$wheelhouse" ]; then
        [ -d "$wheelhouse" ] || refuse 66 "$wheelhouse: no such folder." "Check the path."
        wheelhouse=$(cd "$wheelhouse" && pwd)
    fi
    mkdir -p "$home"
    free=$(($(df -Pk "$home" | awk 'NR == 2 {print $4}') / 1000))
    [ "$free" -ge $least_free_mb ] ||
        refuse 74 "only $free MB are free under $home, and $least_free_mb are needed." "Free some."
}

# What belongs to the system's Python: on no package index, or without wheels.
install_apt_packages() {
    missing=''
    for package in $apt_packages $pi_packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    can=''
    if [ -z "$wheelhouse" ]; then
        for package in $missing; do
            apt-cache show "$package" >/dev/null 2>&1 && can="$can $package"
        done
    fi
    if [ -n "$can" ] && ask "Install$can by apt?"; then
        # shellcheck disable=SC2086  # words
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $can ||
            refuse 69 "apt could not install$can." "Mend what it says, and run this again."
    else
        say "Not installed:"
        for package in $missing; do
            case $package in
            *lgpio) say "  $package: no pin can be driven without it" ;;
            *picamera2) say "  $package: only a webcam can look without it" ;;
            *) say "  $package: the journal gets plain lines without it" ;;
            esac
        done
    fi
}

# A number for what this checkout would install: the same sources make the same one.
fingerprint() {
    (cd "$source" && find edge train convert models application_data requirements/door*.txt \
        pyproject.toml deploy/environment.py -type f ! -name '*.pyc' ! -path 'models/float/*' |
        LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
}

lock_file() {
    # bookworm's picamera2 was built against numpy 1, and one process holds one numpy.
    if [ "$suite" = bookworm ]; then say requirements/door-bookworm.txt; else say requirements/door.txt; fi
}

install_version() {
    wanted=$(fingerprint)
    version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$source/edge/__init__.py")-$wanted
    folder=$home/versions/$version
    if [ -f "$folder/whole" ]; then
        say "$version is installed already."
    else
        rm -rf "$folder"
        mkdir -p "$home/versions"
        # A wheelhouse is all that pip looks at: no index is asked, hashes count as ever.
        if [ -n "$wheelhouse" ]; then
            PIP_NO_INDEX=1 PIP_FIND_LINKS=$wheelhouse
            export PIP_NO_INDEX PIP_FIND_LINKS
        fi
        (cd "$source" && python3 deploy/environment.py --system-site-packages --install "$folder" \
            "$(lock_file)" requirements/build.txt) ||
            refuse 69 "$folder: the packages could not be installed." "Mend what is said above."
        cp "$source/README.md" "$folder/"
        touch "$folder/whole"
    fi
    now=$(readlink "$home/current" 2>/dev/null || true)
    if [ "$now" != "versions/$version" ]; then
        [ -z "$now" ] || point previous "$now"
        point current "versions/$version"
    fi
    for old in "$home"/versions/*; do
        case versions/${old##*/} in
        "$(readlink "$home/current")" | "$(readlink "$home/previous" 2>/dev/null)") ;;
        *) rm -rf "$old" ;;
        esac
    done
    ln -sfn "$home/current/bin/onelook" /usr/local/bin/onelook
}

point() { # link, target: changed in one step, so that there is one at every moment
    ln -sfn "$2" "$home/.new-$1"
    mv -T "$home/.new-$1" "$home/$1"
}

install_system_files() {
    install -Dm644 "$here/files/onelook.sysusers" /usr/lib/sysusers.d/onelook.conf
    install -Dm644 "$here/files/onelook.tmpfiles" /usr/lib/tmpfiles.d/onelook.conf
    install -Dm644 "$here/files/70-onelook.rules" /etc/udev/rules.d/70-onelook.rules
    install -Dm644 "$here/files/onelook.catalog" /usr/lib/systemd/catalog/onelook.catalog
    install -Dm644 "$here/files/onelook.1" /usr/local/share/man/man1/onelook.1
    install -Dm644 "$here/files/onelook.bash" /usr/share/bash-completion/completions/onelook
    journalctl --update-catalog
    systemd-sysusers onelook.conf
    systemd-tmpfiles --create onelook.conf
    if udevadm control --reload 2>/dev/null; then udevadm trigger --subsystem-match=dma_heap; fi
    for unit in $units $wanted_units $passive_units; do
        install -Dm644 "$here/files/$unit" "/etc/systemd/system/$unit"
    done
    [ -e /etc/onelook/onelook.toml ] ||
        install -Dm644 "$here/files/onelook.toml" /etc/onelook/onelook.toml
    systemctl daemon-reload
    # What runs already takes the new program.
    # shellcheck disable=SC2086  # words
    systemctl try-restart --no-block $wanted_units 2>/dev/null || true
}

# The firmware's settings: the lock's line low from power-on, and let go of when a process dies.
boot_lines() {
    pin=$(onelook config show --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["settings"]["door"]["lock_pin"]["value"].removeprefix("GPIO"))')
    say "dtparam=strict_gpiod"
    say "gpio=$pin=op,dl"
}

offer_boot_lines() {
    [ -f $boot_config ] || return 0
    lines=$(boot_lines)
    missing=$(say "$lines" | while read -r line; do grep -qxF "$line" $boot_config || say "$line"; done)
    [ -n "$missing" ] || return 0
    say "These lines belong into $boot_config:"
    say "$missing" | sed 's/^/  /'
    if ask "Add them?"; then
        cp -p $boot_config $boot_config.before-onelook
        printf '\n# onelook: the lock stays off while the Pi starts, and if its program dies\n[all]\n%s\n' \
            "$missing" >>$boot_config
        say "Added; they count after a restart: sudo reboot"
    else
        say "Not added; the door is not armed without the first one."
    fi
}

both_up() { # asked of both at once, systemctl is content with one
    for unit in $units; do systemctl --quiet is-active "$unit" || return 1; done
}

start_services() {
    [ "$start" = yes ] || return 0
    # shellcheck disable=SC2086  # words
    systemctl enable --quiet $units
    # Stopped first: what is still on its way down would look as if it were up.
    # shellcheck disable=SC2086
    systemctl stop $units
    # shellcheck disable=SC2086
    systemctl start --no-block $units
    # A door is up when its eye has looked once; what hinders it, the doctor below says.
    for _ in $(seq 60); do
        if both_up; then break; fi
        sleep 0.5
    done
}

uninstall() {
    [ -n "$data" ] || refuse 2 "what about the people and the log in /var/lib/onelook?" \
        "Add --keep-data, or --purge to erase them and the settings."
    for unit in $units $wanted_units $passive_units; do
        systemctl disable --now --quiet "$unit" 2>/dev/null || true
        rm -f "/etc/systemd/system/$unit"
    done
    rm -f /usr/lib/sysusers.d/onelook.conf /usr/lib/tmpfiles.d/onelook.conf \
        /usr/lib/systemd/catalog/onelook.catalog /etc/udev/rules.d/70-onelook.rules /usr/local/bin/onelook \
        /usr/local/share/man/man1/onelook.1 /usr/share/bash-completion/completions/onelook
    rm -rf $home
    journalctl --update-catalog
    systemctl daemon-reload
    if [ "$data" = purge ]; then
        rm -rf /var/lib/onelook /var/lib/onelook-models /var/lib/onelook-mqtt /etc/onelook
        for user in onelook onelook-eye onelook-hooks onelook-mqtt; do userdel "$user" 2>/dev/null || true; done
        groupdel onelook 2>/dev/null || true
        say "Gone, with people, log and settings."
    else
        say "Gone. People and log are in /var/lib/onelook, settings in /etc/onelook."
    fi
    if [ -f $boot_config ]; then say "The lines in $boot_config are left as they are."; fi
}

revert() {
    before=$(readlink "$home/previous" 2>/dev/null) ||
        refuse 66 "there is no version to go back to." "Only after an upgrade there is one."
    now=$(readlink "$home/current")
    point current "$before"
    point previous "$now"
    start_services
    say "Back to ${before#versions/}; once more --revert goes forward again."
}

check
case $action in
install)
    install_apt_packages
    install_version
    install_system_files
    offer_boot_lines
    start_services
    # What is still to do shows here; it is no fault of the installation.
    onelook doctor || true
    ;;
revert) revert ;;
uninstall) uninstall ;;
esac
