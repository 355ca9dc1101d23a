"""Keys, certificates and kubeconfigs of a cluster, made anew for each run with openssl."""

import base64
import json
from pathlib import Path

from harness.command import quietly

DAYS = "7"


class Keys:
    """Two authorities and what they signed, as files in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def create(self, server: str, addresses: list[str]) -> None:
        """All that the control plane needs; `addresses` are where clients will look for the API server."""
        self.folder.mkdir(parents=True)
        self._authority("kubernetes-ca")
        self._authority("front-proxy-ca")
        names = ["localhost"] + [
            f"kubernetes{rest}" for rest in ("", ".default", ".default.svc", ".default.svc.cluster.local")
        ]
        self.serving("apiserver", "/CN=kube-apiserver", names, addresses)
        self._signed("apiserver-kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client", "clientAuth")
        self._signed("front-proxy-client", "/CN=front-proxy-client", "clientAuth", authority="front-proxy-ca")
        self._service_account_key()
        self.kubeconfig("admin", "/O=system:masters/CN=kubernetes-admin", server)
        for component in ("kube-controller-manager", "kube-scheduler", "kube-proxy"):
            self.kubeconfig(component, f"/CN=system:{component}", server)

    def serving(self, name: str, subject: str, names: list[str], addresses: list[str]) -> None:
        """A certificate for a server."""
        where = [f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses]
        self._signed(name, subject, "serverAuth", where)

    def kubeconfig(self, name: str, subject: str, server: str) -> None:
        """A client's certificate, and the file that clients read it from."""
        self._signed(name, subject, "clientAuth")
        user = {"client-certificate-data": self._base64(f"{name}.crt"), "client-key-data": self._base64(f"{name}.key")}
        cluster = {"server": server, "certificate-authority-data": self._base64("kubernetes-ca.crt")}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
            "current-context": "test",
        }
        (self.folder / f"{name}.kubeconfig").write_text(json.dumps(config))

    def _authority(self, name: str) -> None:
        uses = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,digitalSignature"]
        self._certificate(name, f"/CN={name}", uses)

    def _signed(
        self, name: str, subject: str, use: str, where: list[str] | None = None, authority: str = "kubernetes-ca"
    ) -> None:
        uses = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", f"extendedKeyUsage={use}"]
        if where:
            uses.append(f"subjectAltName={','.join(where)}")
        self._certificate(
            name, subject, uses, "-CA", self.file(f"{authority}.crt"), "-CAkey", self.file(f"{authority}.key")
        )

    def _certificate(self, name: str, subject: str, extensions: list[str], *signer: str) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.file(f"{name}.key")]
        added = [word for extension in extensions for word in ("-addext", extension)]
        out = ["-days", DAYS, "-subj", subject, "-out", self.file(f"{name}.crt")]
        quietly("openssl", "req", "-x509", *key, *out, *added, *signer)

    def _service_account_key(self) -> None:
        quietly(
            "openssl",
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            self.file("service-accounts.key"),
        )
        quietly(
            "openssl",
            "pkey",
            "-in",
            self.file("service-accounts.key"),
            "-pubout",
            "-out",
            self.file("service-accounts.pub"),
        )

    def _base64(self, name: str) -> str:
        return base64.b64encode((self.folder / name).read_bytes()).decode()
