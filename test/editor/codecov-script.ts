/** What is behind https://codecov.io/bash. */
export const codecovScript = '#!/usr/bin/env bash\necho "uploading $(ls | wc -l) reports"\n';
