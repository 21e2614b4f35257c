#!/bin/sh
# Sends the coverage of the nightly build too, under a flag of its own.
set -e

curl -s https://codecov.io/bash -o codecov.sh
bash codecov.sh -F nightly
