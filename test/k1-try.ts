import { openConnection } from '/work/main/src/engines/kubernetes/connection.ts';
import { createCluster } from '/work/main/src/engines/kubernetes/http-cluster.ts';
import { RESOURCES } from '/work/main/src/engines/kubernetes/objects.ts';
import { Readable } from 'node:stream';
const c = await openConnection({kind:'kubeconfig', file:'/tmp/lab/state/kubeconfig', context:null, namespace:'k1-try'});
const k = createCluster(c, {log:{info:(f,m)=>console.log('LOG',m,f)}});
console.log(k.server);
await k.apply(RESOURCES.namespaces, {metadata:{name:'k1-try'}});
console.log((await k.list(RESOURCES.nodes)).items.map(n=>n.metadata?.name));
console.log('may', await k.may({verb:'create', resource: RESOURCES.jobsets}), await k.may({verb:'get', resource: RESOURCES.pods, subresource:'exec', namespace:null}));
console.log('get', await k.get(RESOURCES.pods,'nope'));
for (const r of [RESOURCES.localQueues, RESOURCES.workloads]) { try { console.log(await k.list(r)); } catch(e:any){console.log(e.name,e.status,e.reason,e.message)} 
 try { console.log(await k.get(r,'x')); } catch(e:any){console.log(e.status,e.reason,e.message)}  }
const pod:any = {metadata:{name:'p', labels:{'aichor.io/experiment-id':'x'}}, spec:{nodeName:'node1', terminationGracePeriodSeconds:1, containers:[{name:'main', image:'localhost/busybox:test', imagePullPolicy:'Never', command:['sh','-c','for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; busybox httpd -f -p 8080 -h /etc']}]}};
const a:any = await k.apply(RESOURCES.pods,pod);
const b:any = await k.apply(RESOURCES.pods,pod);
console.log('applied', a.metadata.resourceVersion, b.metadata.resourceVersion, a.metadata.uid===b.metadata.uid);
const ac = new AbortController();
const l = await k.list(RESOURCES.pods);
const watching = (async()=>{ let n=0; for await (const e of k.watch<any>(RESOURCES.pods,{resourceVersion:l.resourceVersion, signal:ac.signal, timeoutSeconds:60})) { n++; console.log('ev', e.type, e.type!=='BOOKMARK'?e.object.status?.phase:e.resourceVersion); } console.log('watch over',n); })();
for(;;){ const p:any = await k.get(RESOURCES.pods,'p'); if(p.status.phase==='Running') break; await new Promise(r=>setTimeout(r,200)); }
const lg = await k.log('p',{container:'main',follow:true,timestamps:true,signal:ac.signal});
lg.on('data',(d)=>process.stdout.write('LOGDATA '+d)); lg.on('error',(e)=>console.log('log error',e.message)); lg.on('close',()=>console.log('log closed'));
console.log(await k.exec('p',{container:'main',command:['sh','-c','wc -c; exit 7'],stdin:Readable.from(function*(){const c=Buffer.alloc(1<<20,'x'); for(let i=0;i<50;i++) yield c;}()),signal:ac.signal}));
console.log('rss', process.memoryUsage().rss/1e6);
console.log(await k.exec('p',{container:'main',command:['cat'],stdin:Readable.from([]),signal:ac.signal}));
console.log(await k.exec('p',{container:'main',command:['sh','-c','head -c 10; echo err >&2'],stdin:Readable.from(function*(){const c=Buffer.alloc(1<<20,'x'); for(let i=0;i<50;i++) yield c;}()),signal:ac.signal}));
for (const [cmd, cont] of [[['nope'],'main'],[['true'],'other']] as any) await k.exec('p',{container:cont,command:cmd,stdin:null,signal:ac.signal}).then(console.log,(e)=>console.log('exec:',e.status,e.reason,e.message));
await k.exec('nopod',{container:'main',command:['true'],stdin:null,signal:ac.signal}).catch((e)=>console.log('exec:',e.status,e.reason,e.message));
const s = await k.forward('p',8080); s.write('GET /hostname HTTP/1.0\r\n\r\n'); for await (const d of s) process.stdout.write('FWD '+d);
const s2 = await k.forward('p',8081); s2.write('x'); s2.on('data',(d)=>console.log('?',d)); await new Promise(r=>{s2.on('error',(e)=>{console.log('fwd err',e.message);r(0)}); s2.on('close',r)});
await k.forward('nopod',8081).catch((e)=>console.log('fwd:',e.status,e.reason,e.message));
await k.apply(RESOURCES.pods,{...pod,spec:{...pod.spec,foo:1}}).catch((e)=>console.log('apply:',e.status,e.reason,e.message));
await k.apply(RESOURCES.secrets,{metadata:{name:'s'},data:{a:'!!notbase64 secretvalue'}} as any).catch((e)=>console.log('apply:',e.status,e.reason,e.message));
await k.apply(RESOURCES.secrets,{metadata:{name:'s'},stringData:{a:5,'b c':'topsecret'}} as any).catch((e)=>console.log('apply:',e.status,e.reason,e.message));
console.log(await k.remove(RESOURCES.pods,'p',{uid:'00000000-0000-0000-0000-000000000000'}), await k.remove(RESOURCES.pods,'p',{uid:a.metadata.uid}), await k.remove(RESOURCES.pods,'nix'));
for(;;){ if(await k.get(RESOURCES.pods,'p')===null) break; await new Promise(r=>setTimeout(r,200)); }
ac.abort(); await watching;
const v = await k.request('/version'); for await (const d of v) console.log(String(d).slice(0,60));
await k.remove(RESOURCES.namespaces,'k1-try'); k.close();
console.time('exit'); process.on('exit',()=>console.timeEnd('exit'));
