/** Services as rules: each rule of ClusterIP, NodePort, policies and host ports as a row. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Endpoint } from "#kinds/networking/endpoint-slice.ts";
import type { Service } from "#kinds/core/service.ts";
import type { Route } from "./route.ts";
import { serviceRoutes, serviceRules, type ServiceNode } from "./services.ts";
import { clientsIn } from "./affinity.ts";
import { staleUdp, udpPlaces, type UdpPlace } from "./service-sync.ts";

const node: ServiceNode = { name: "node-1", podCidr: "10.64.0.0/16", localIps: ["10.128.0.10"] };

function service(name: string, spec: Partial<Service["spec"]> = {}): Service {
  return {
    metadata: { name, namespace: "default" },
    spec: { clusterIP: "10.128.0.7", ports: [{ name: "http", port: 80 }], ...spec },
  };
}

function slice(name: string, endpoints: readonly Endpoint[], port = 8080): EndpointSlice {
  return {
    metadata: { name: `${name}-x`, namespace: "default", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints,
    ports: [{ name: "http", port, protocol: "TCP" }],
  };
}

const at = (ip: string, conditions: Endpoint["conditions"] = { ready: true }, nodeName = "node-1"): Endpoint => ({
  addresses: [ip],
  conditions,
  nodeName,
});

/** As nft 1.0.6 prints it. */
const LISTING = `table ip ctm-services {
	set aff-default/web/http/tcp-10.64.1.5-8080 {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 3h
		elements = { 10.64.1.9 expires 4s976ms, 10.64.1.10 timeout 3h expires 1h2m3s }
	}

	set aff-default/web/http/tcp-10.64.1.6-8080 {
		type ipv4_addr
		flags dynamic,timeout
		timeout 3h
	}
}`;

interface Case {
  readonly title: string;
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
  readonly route: Partial<Route> | null;
}

const cases: readonly Case[] = [
  {
    title: "ready endpoints are backends, sorted and once each",
    service: service("web"),
    slices: [slice("web", [at("10.64.1.6"), at("10.64.1.5")]), slice("web", [at("10.64.1.5")])],
    route: {
      name: "default/web/http/tcp",
      ips: ["10.128.0.7"],
      nodePort: null,
      backends: [
        { ip: "10.64.1.5", port: 8080 },
        { ip: "10.64.1.6", port: 8080 },
      ],
    },
  },
  {
    title: "an endpoint that says nothing of its readiness counts as ready",
    service: service("web"),
    slices: [slice("web", [{ addresses: ["10.64.1.5"] }])],
    route: { backends: [{ ip: "10.64.1.5", port: 8080 }] },
  },
  {
    title: "unready endpoints get nothing while others are ready",
    service: service("web"),
    slices: [slice("web", [at("10.64.1.5", { ready: false }), at("10.64.1.6")])],
    route: { backends: [{ ip: "10.64.1.6", port: 8080 }] },
  },
  {
    title: "without any ready one, those that end but still serve get the traffic",
    service: service("web"),
    slices: [
      slice("web", [
        at("10.64.1.5", { ready: false, serving: true, terminating: true }),
        at("10.64.1.6", { ready: false, serving: false, terminating: true }),
      ]),
    ],
    route: { backends: [{ ip: "10.64.1.5", port: 8080 }] },
  },
  {
    title: "a port of SCTP has its own route, and takes the endpoints of its protocol only",
    service: service("web", { ports: [{ name: "http", port: 80, protocol: "SCTP" }] }),
    slices: [
      slice("web", [at("10.64.1.5")]),
      { ...slice("web", [at("10.64.1.6")]), ports: [{ name: "http", port: 8080, protocol: "SCTP" }] },
    ],
    route: { name: "default/web/http/sctp", protocol: "sctp", backends: [{ ip: "10.64.1.6", port: 8080 }] },
  },
  {
    title: "slices of addressType FQDN and IPv6 hold no backends",
    service: service("web"),
    slices: [
      { ...slice("web", [at("example.org")]), addressType: "FQDN" },
      { ...slice("web", [at("fd00::5")]), addressType: "IPv6" },
      slice("web", [at("10.64.1.5")]),
    ],
    route: { backends: [{ ip: "10.64.1.5", port: 8080 }] },
  },
  { title: "no endpoints, no backends", service: service("web"), slices: [], route: { backends: [] } },
  { title: "a headless service has no route", service: service("web", { clusterIP: "None" }), slices: [], route: null },
  {
    title: "an external name has no route",
    service: service("web", { type: "ExternalName", externalName: "example.org" }),
    slices: [],
    route: null,
  },
  {
    title: "the address of the cluster's DNS is the node's own",
    service: service("dns", { clusterIP: "10.128.0.10" }),
    slices: [],
    route: null,
  },
  {
    title: "endpoints of another port's name do not count",
    service: service("web", { ports: [{ name: "admin", port: 81 }] }),
    slices: [slice("web", [at("10.64.1.5")])],
    route: { backends: [] },
  },
  {
    title: "internalTrafficPolicy Local keeps to the node's own endpoints",
    service: service("web", { internalTrafficPolicy: "Local" }),
    slices: [slice("web", [at("10.64.1.5"), at("10.64.2.5", { ready: true }, "node-2")])],
    route: { backends: [{ ip: "10.64.1.5", port: 8080 }] },
  },
  {
    title: "externalTrafficPolicy Local keeps to the node and the client's address, inside traffic goes everywhere",
    service: service("web", {
      type: "NodePort",
      externalTrafficPolicy: "Local",
      ports: [{ name: "http", port: 80, nodePort: 30_080 }],
    }),
    slices: [slice("web", [at("10.64.1.5"), at("10.64.2.5", { ready: true }, "node-2")])],
    route: {
      nodePort: 30_080,
      keepsSource: true,
      externalBackends: [{ ip: "10.64.1.5", port: 8080 }],
      backends: [
        { ip: "10.64.1.5", port: 8080 },
        { ip: "10.64.2.5", port: 8080 },
      ],
    },
  },
  {
    title: "external and load balancer addresses are served, too",
    service: {
      ...service("web", { externalIPs: ["192.0.2.9"] }),
      status: { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } },
    },
    slices: [],
    route: { externalIps: ["192.0.2.9", "192.0.2.10"] },
  },
];

for (const { title, service: given, slices, route } of cases) {
  test(title, () => {
    const [found] = serviceRoutes([given], slices, node);
    if (route === null) assert.equal(found, undefined);
    else assert.deepEqual({ ...found, ...route }, found);
  });
}

test("the API server is where kubernetes leads while nobody says otherwise", () => {
  const kubernetes = { ...service("kubernetes"), metadata: { name: "kubernetes", namespace: "default" } };
  const [found] = serviceRoutes([kubernetes], [], { ...node, apiServer: { ip: "10.192.0.1", port: 6443 } });
  assert.deepEqual(found?.backends, [{ ip: "10.192.0.1", port: 6443 }]);
});

const texts: readonly { readonly title: string; readonly rules: string; readonly has: readonly (string | RegExp)[] }[] =
  [
    {
      title: "the table replaces itself in one go, also when it is empty",
      rules: serviceRules([], [], node),
      has: [
        "add table ip ctm-services\ndelete table ip ctm-services\ntable ip ctm-services {",
        "map vips {\n    type ipv4_addr . inet_proto . inet_service : verdict\n  }",
      ],
    },
    {
      title: "several backends are drawn by lot",
      rules: serviceRules([service("web")], [slice("web", [at("10.64.1.5"), at("10.64.1.6")])], node),
      has: [
        "10.128.0.7 . tcp . 80 : goto svc-default/web/http/tcp",
        "dnat ip to numgen random mod 2 map { 0 : 10.64.1.5 . 8080, 1 : 10.64.1.6 . 8080 }",
        "ip saddr != 10.64.0.0/16 meta mark set",
      ],
    },
    {
      title: "ClientIP affinity remembers each client with its backend",
      rules: serviceRules(
        [service("web", { sessionAffinity: "ClientIP" })],
        [slice("web", [at("10.64.1.5"), at("10.64.1.6")])],
        node,
      ),
      has: [
        "set aff-default/web/http/tcp-10.64.1.5-8080 {\n    type ipv4_addr\n    flags dynamic,timeout\n    timeout 10800s\n  }",
        "ip saddr @aff-default/web/http/tcp-10.64.1.6-8080 goto end-default/web/http/tcp-10.64.1.6-8080",
        "update @aff-default/web/http/tcp-10.64.1.5-8080 { ip saddr }\n    meta l4proto tcp dnat to 10.64.1.5:8080",
        "numgen random mod 2 vmap { 0 : goto end-default/web/http/tcp-10.64.1.5-8080, 1 : goto end-default/web/http/tcp-10.64.1.6-8080 }",
      ],
    },
    {
      title: "ClientIP affinity has its own time-out, and its clients stay when the table is loaded anew",
      rules: serviceRules(
        [service("web", { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } })],
        [slice("web", [at("10.64.1.5"), at("10.64.1.6")])],
        { ...node, clients: clientsIn(LISTING) },
      ),
      has: ["timeout 10s\n    elements = { 10.64.1.9 expires 4s, 10.64.1.10 expires 10s }"],
    },
    {
      title: "a service without endpoints is refused",
      rules: serviceRules(
        [service("web", { type: "NodePort", ports: [{ name: "http", port: 80, nodePort: 30_080 }] })],
        [],
        node,
      ),
      has: [/set dead-vips \{[^}]*10\.128\.0\.7 \. tcp \. 80/, /set dead-node-ports \{[^}]*tcp \. 30080/],
    },
    {
      title: "a backend that meets itself is masqueraded",
      rules: serviceRules([service("web")], [slice("web", [at("10.64.1.5")])], node),
      has: [/set hairpins \{[^}]*10\.64\.1\.5 \. 10\.64\.1\.5/, "dnat to 10.64.1.5:8080"],
    },
    {
      title: "externalTrafficPolicy Local does not mark packets",
      rules: serviceRules(
        [
          service("web", {
            type: "NodePort",
            externalTrafficPolicy: "Local",
            ports: [{ name: "http", port: 80, nodePort: 30_080 }],
          }),
        ],
        [slice("web", [at("10.64.1.5")])],
        node,
      ),
      has: [
        "tcp . 30080 : goto ext-default/web/http/tcp",
        "chain ext-default/web/http/tcp {\n    meta l4proto tcp dnat",
      ],
    },
    {
      title: "whoever comes by a node port is answered through that node, pods too",
      rules: serviceRules(
        [service("web", { type: "NodePort", ports: [{ name: "http", port: 80, nodePort: 30_080 }] })],
        [slice("web", [at("10.64.1.5")])],
        node,
      ),
      has: [
        "tcp . 30080 : goto ext-default/web/http/tcp",
        "chain ext-default/web/http/tcp {\n    meta mark set meta mark or 0x4000\n    goto svc-default/web/http/tcp\n  }",
      ],
    },
    {
      title: "host ports lead to their pod, with and without an address",
      rules: serviceRules([], [], {
        ...node,
        pods: [
          {
            metadata: { name: "p" },
            spec: {
              containers: [
                {
                  name: "c",
                  ports: [
                    { containerPort: 80, hostPort: 8081 },
                    { containerPort: 53, hostPort: 5353, hostIP: "10.192.0.11", protocol: "UDP" },
                  ],
                },
              ],
            },
            status: { podIP: "10.64.1.9" },
          },
        ],
      }),
      has: [
        /map host-ports \{[^}]*tcp \. 8081 : 10\.64\.1\.9 \. 80/,
        /map host-address-ports \{[^}]*10\.192\.0\.11 \. udp \. 5353 : 10\.64\.1\.9 \. 53/,
      ],
    },
  ];

for (const { title, rules, has } of texts) {
  test(title, () => {
    for (const part of has)
      assert.ok(typeof part === "string" ? rules.includes(part) : part.test(rules), `${part} is not in\n${rules}`);
  });
}

test("equal state gives equal text, whatever order the objects come in", () => {
  const services = [service("a", { clusterIP: "10.128.0.1" }), service("b", { clusterIP: "10.128.0.2" })];
  const slices = [slice("a", [at("10.64.1.5"), at("10.64.1.6")]), slice("b", [at("10.64.1.7")])];
  assert.equal(serviceRules(services, slices, node), serviceRules(services.toReversed(), slices.toReversed(), node));
});

for (const label of ["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"]) {
  test(`what is labelled ${label} is somebody else's to route`, () => {
    const labelled = <T extends Service | EndpointSlice>(object: T): T => ({
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, [label]: "" } },
    });
    const [web, ends] = [service("web"), slice("web", [at("10.64.1.5")])];
    assert.deepEqual(serviceRoutes([labelled(web)], [ends], node), []);
    assert.deepEqual(serviceRoutes([web], [labelled(ends)], node)[0]?.backends, []);
  });
}

test("UDP flows of gone backends are forgotten, and all of a place that had none", () => {
  const [one, two] = ["10.64.1.5", "10.64.1.6"] as const;
  const place = (backends: readonly string[]): UdpPlace => ({ ip: "10.128.0.9", port: 53, backends });
  assert.deepEqual(staleUdp([place([one, two])], [place([two])]), [{ ip: "10.128.0.9", port: 53, backend: one }]);
  assert.deepEqual(staleUdp([place([one])], []), [{ ip: "10.128.0.9", port: 53, backend: one }]);
  assert.deepEqual(staleUdp([place([])], [place([one])]), [{ ip: "10.128.0.9", port: 53, backend: null }]);
  assert.deepEqual(staleUdp([place([one])], [place([one, two])]), []);
});

test("UDP flows are looked for at every way to a service: its addresses, node port, and host ports", () => {
  const spec = {
    externalIPs: ["192.0.2.1"],
    ports: [{ name: "http", port: 80, nodePort: 30_080, protocol: "UDP" as const }],
  };
  const ends = { ...slice("web", [at("10.64.1.5")]), ports: [{ name: "http", port: 80, protocol: "UDP" as const }] };
  const backend = { ip: "10.64.1.7", port: 53 };
  assert.deepEqual(
    udpPlaces(serviceRoutes([service("web", spec)], [ends], node), [
      { hostIp: "0.0.0.0", protocol: "udp", hostPort: 53, backend },
      { hostIp: "0.0.0.0", protocol: "tcp", hostPort: 54, backend },
    ]),
    [
      { ip: "10.128.0.7", port: 80, backends: ["10.64.1.5"] },
      { ip: "192.0.2.1", port: 80, backends: ["10.64.1.5"] },
      { ip: null, port: 30_080, backends: ["10.64.1.5"] },
      { ip: null, port: 53, backends: ["10.64.1.7"] },
    ],
  );
});
