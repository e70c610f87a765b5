set -eu
rowhouse-node install
# Names what is wrong, with the remedy; status 6 is warnings alone.
rowhouse-node doctor || [ $? -eq 6 ]
export ROWHOUSE_CONFIG="$ROWHOUSE_NODE_CONFIG_DIR/rowhouse.conf"
export CNI_CONTAINERID="helm-test-$(date +%s)-$$" CNI_IFNAME=net1 CNI_PATH=/tmp CNI_NETNS=/tmp/none
export CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=helm-test;K8S_POD_NAME=$CNI_CONTAINERID"
# RFC 5737: documentation addresses, in an address space of their own.
netconf='{"cniVersion":"1.0.0","name":"helm-test","type":"ipvlan","ipam":{"type":"rowhouse","network_name":"helm-test","range":"192.0.2.0/24"}}'
call() { printf %s "$netconf" | CNI_COMMAND=$1 "$ROWHOUSE_NODE_BIN_DIR/rowhouse"; }
result=$(call ADD) || { echo "ADD failed: $result"; exit 1; }
echo "$result"
call DEL
# A DEL that no server took would have been kept and called a success.
[ -z "$(ls -A "$ROWHOUSE_NODE_STATE_DIR/spool" 2>/dev/null)" ] || { echo "DEL did not reach the server"; exit 1; }
case $result in *'"192.0.2.'*) echo "ADD and DEL: ok" ;; *) exit 1 ;; esac
