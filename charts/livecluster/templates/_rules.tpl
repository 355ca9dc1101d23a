{{/* What the operator may do in a namespace whose LiveClusters it serves. */}}
{{- define "livecluster.rules" -}}
# The clusters that people want. Patched: the mark of the release that serves one, and the number of edges where the
# operator is the autoscaler.
- apiGroups: [livecluster.io]
  resources: [liveclusters]
  verbs: [get, list, watch, patch]
# What is seen of them.
- apiGroups: [livecluster.io]
  resources: [liveclusters/status]
  verbs: [patch]
# Where OwnerReferencesPermissionEnforcement is on, who makes objects that block a cluster's deletion must hold this.
- apiGroups: [livecluster.io]
  resources: [liveclusters/finalizers]
  verbs: [update]
# Edges and origins.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# The Services of edges, the name that origins need, and the accounts of both.
- apiGroups: [""]
  resources: [services, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
# The route document, which is replaced as a whole and only if nobody else did. Edges and origins may read it, and who
# hands a right out must hold it.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, update, patch, delete]
# The secret of a cluster's links, by its name: no Secret is listed or watched.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
# Origins are replaced one at a time, and the emptiest edge is the first to go (its deletion cost is patched).
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch, delete]
# The rights of edges and origins: to read their own route document.
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch, delete]
# How many edges and origins an eviction may take at a time.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Who says how many edges there are, for clusters that ask for an autoscaler.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
# Who may connect to edges and origins, for clusters that ask for it.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# Whether another release lives that serves a cluster already.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [livecluster-operator]
  verbs: [get]
# What it decided, and why.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* Who gets them. */}}
{{- define "livecluster.subject" -}}
- kind: ServiceAccount
  name: {{ include "livecluster.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
