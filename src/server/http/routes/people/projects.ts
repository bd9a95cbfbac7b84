import { z } from '@hono/zod-openapi';
import { projectName } from '../../../../api/contract.ts';
import {
  hostKeyAnswer,
  hostKeyQuery,
  projectCreation,
  projectDocument,
  projectList,
  projectUpdate,
} from '../../../../api/team/project-contract.ts';
import { answers, describeRoute, failure, json, type Api } from '../api.ts';
import { usesOf } from '../uses.ts';

const params = z.object({ name: projectName });
const project = answers(projectDocument, 'The project, without what nobody may read');

const listRoute = describeRoute({
  method: 'get',
  path: '/projects',
  summary: 'Projects that were made',
  responses: { 200: answers(projectList, 'Those that the caller may see, by name'), default: failure },
});

const createRoute = describeRoute({
  method: 'post',
  path: '/projects',
  summary: 'Make a project',
  request: { body: json(projectCreation) },
  responses: { 201: project, default: failure },
});

const hostKeysRoute = describeRoute({
  method: 'post',
  path: '/projects/host-keys',
  summary: 'The keys by which the host of a repository says that it is known',
  request: { body: json(hostKeyQuery) },
  responses: { 200: answers(hostKeyAnswer, 'None for https'), default: failure },
});

const getRoute = describeRoute({
  method: 'get',
  path: '/projects/{name}',
  summary: 'A project',
  request: { params },
  responses: { 200: project, default: failure },
});

const updateRoute = describeRoute({
  method: 'post',
  path: '/projects/{name}',
  summary: 'Change a project; what is not given stays as it is',
  request: { params, body: json(projectUpdate) },
  responses: { 200: project, default: failure },
});

const deleteRoute = describeRoute({
  method: 'delete',
  path: '/projects/{name}',
  summary: 'Take a project away of which nothing lives; its experiments stay',
  request: { params },
  responses: { 200: project, default: failure },
});

export function projectRoutes(api: Api): void {
  api.openapi(listRoute, (c) => c.json(usesOf(c).listProjects(c.get('caller')), 200));
  api.openapi(createRoute, async (c) =>
    c.json(await usesOf(c).createProject(c.req.valid('json'), c.get('caller')), 201),
  );
  api.openapi(hostKeysRoute, async (c) =>
    c.json({ host_keys: await usesOf(c).tellHostKeys(c.req.valid('json')) }, 200),
  );
  api.openapi(getRoute, (c) => c.json(usesOf(c).getProject(c.req.valid('param').name, c.get('caller')), 200));
  api.openapi(updateRoute, async (c) => {
    const which = { name: c.req.valid('param').name, caller: c.get('caller') };
    return c.json(await usesOf(c).updateProject(which, c.req.valid('json')), 200);
  });
  api.openapi(deleteRoute, (c) =>
    c.json(usesOf(c).deleteProject(c.req.valid('param').name, c.get('caller')), 200),
  );
}
