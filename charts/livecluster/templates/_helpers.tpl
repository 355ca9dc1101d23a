{{/* The name of what is in the release's namespace. */}}
{{- define "livecluster.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of what is in no namespace: releases of the same name in two of them don't meet. */}}
{{- define "livecluster.globalName" -}}
{{- printf "%s:%s" .Release.Namespace (include "livecluster.name" .) -}}
{{- end -}}

{{/* What a Deployment and everybody who means its pods select; it may never change. */}}
{{- define "livecluster.selector" -}}
app.kubernetes.io/name: livecluster-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "livecluster.labels" -}}
{{ include "livecluster.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: livecluster
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Of what helm test makes: no selector of the operator may mean its pod. */}}
{{- define "livecluster.testLabels" -}}
app.kubernetes.io/name: livecluster-test
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: test
app.kubernetes.io/part-of: livecluster
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The namespace of the LiveCluster that helm test checks. */}}
{{- define "livecluster.testNamespace" -}}
{{ .Values.test.namespace | default .Release.Namespace }}
{{- end -}}

{{/* Of what helm test makes before its pod, and takes away when that has passed. */}}
{{- define "livecluster.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: "-1"
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{- define "livecluster.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Not empty where PodMonitors and PrometheusRules can be made. */}}
{{- define "livecluster.hasMonitoring" -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}true{{ end -}}
{{- end -}}

{{/* What of a pod is scraped; its last lines are a list to which more may be added. */}}
{{- define "livecluster.endpoint" -}}
port: http
interval: {{ .Values.monitoring.podMonitor.interval }}
{{- with .Values.monitoring.podMonitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
relabelings:
  {{- with .Values.monitoring.podMonitor.relabelings }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  - sourceLabels: [__meta_kubernetes_pod_label_app_kubernetes_io_component]
    targetLabel: component
{{- end -}}
